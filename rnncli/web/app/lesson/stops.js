// The stops of the lesson, as strict JSON. The words are in words/, by the stop's name.
// right   the number of the true choice, from 0
// choices how many there are
// looks   what can be looked at after the guess: changes of the state; a model "" is the one that the service uses first

export const STOPS = [
  {"name": "memory", "choices": 3, "right": 1, "looks": [
    {"view": "compare", "model": "", "text": "arrive Taipei on November 2nd", "other": "leave Taipei on November 2nd"},
    {"view": "label", "model": "", "text": "leave Taipei on November 2nd"}]},
  {"name": "feedforward", "choices": 3, "right": 2, "looks": [
    {"view": "architectures", "text": "arrive Taipei on November 2nd", "other": "leave Taipei on November 2nd"}]},
  {"name": "example", "choices": 3, "right": 1, "looks": [
    {"view": "steps", "model": "worked example", "text": "1 1 2", "step": 1},
    {"view": "steps", "model": "worked example", "text": "1 1 2", "step": 2},
    {"view": "steps", "model": "worked example", "text": "2 1 1", "step": 2}]},
  {"name": "equations", "choices": 3, "right": 0, "looks": [
    {"view": "steps", "model": "worked example", "text": "1 1 2", "step": 2, "what": "layer 1/h", "unit": 0},
    {"view": "steps", "model": "worked example", "text": "1 1 2", "step": 2, "what": "output/o", "unit": 0},
    {"view": "steps", "model": "elman", "text": "leave Taipei on November 2nd", "step": 1, "what": "layer 1/h", "unit": 0}]},
  {"name": "deep", "choices": 3, "right": 2, "looks": [
    {"view": "steps", "model": "worked example, two layers", "text": "1 1 2", "step": 1},
    {"view": "steps", "model": "worked example, two layers", "text": "1 1 2", "step": 1, "what": "layer 2/h", "unit": 0}]},
  {"name": "jordan", "choices": 3, "right": 0, "looks": [
    {"view": "architectures", "text": "arrive Taipei on November 2nd", "other": "leave Taipei on November 2nd"},
    {"view": "steps", "model": "jordan", "text": "leave Taipei on November 2nd", "step": 1},
    {"view": "steps", "model": "jordan", "text": "leave Taipei on November 2nd", "step": 2}]},
  {"name": "directions", "choices": 3, "right": 1, "looks": [
    {"view": "architectures", "text": "Taipei is where I arrive", "other": "Taipei is where I leave"},
    {"view": "compare", "model": "", "text": "Taipei is where I arrive", "other": "Taipei is where I leave"}]},
  {"name": "gates", "choices": 3, "right": 0, "looks": [
    {"view": "steps", "model": "lstm", "text": "leave Taipei on November 2nd", "step": 2},
    {"view": "steps", "model": "lstm", "text": "leave Taipei on November 2nd", "step": 2, "what": "layer 1/state", "unit": 0}]},
  {"name": "vanishing", "choices": 3, "right": 2, "looks": [
    {"view": "train", "arch": "elman", "cell": "simple", "activation": "sigmoid", "epochs": 10},
    {"view": "train", "arch": "elman", "cell": "simple", "activation": "tanh", "epochs": 10},
    {"view": "train", "arch": "elman", "cell": "lstm", "epochs": 10}]},
  {"name": "yours", "choices": 3, "right": 1, "looks": [
    {"view": "label", "model": "", "text": "fly from Timbuktu to Atlantis on Sunday"},
    {"view": "steps", "model": "", "text": "fly from Timbuktu to Atlantis on Sunday", "step": 4}]}
];
