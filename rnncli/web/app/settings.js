// The settings of a training, as strict JSON: the table of the service (GET /v1/train), which a test compares.

export const FORM = {
  "arch": {"enum": ["fnn", "elman", "jordan", "hybrid", "bidirectional"], "default": "elman"},
  "cell": {"enum": ["simple", "lstm", "gru"], "default": "simple"},
  "hidden": {"minimum": 1, "maximum": 128, "default": 32},
  "layers": {"minimum": 1, "maximum": 4, "default": 1},
  "activation": {"enum": ["tanh", "relu", "sigmoid", "identity"], "default": "tanh"},
  "learning_rate": {"minimum": 0.0001, "maximum": 1, "default": 0.01},
  "epochs": {"minimum": 1, "maximum": 50, "default": 16},
  "clip": {"minimum": 0, "maximum": 1000, "default": 1},
  "sentences": {"minimum": 50, "maximum": 2000, "default": 2000}
};

/** The keys of the state that are settings of a training. */
export const settingKeys = Object.keys(FORM);

/** Each setting as it is at first. */
export const firstSettings = Object.fromEntries(settingKeys.map((key) => [key, FORM[key].default]));
