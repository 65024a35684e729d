// The page of rnncli serve.
import { askToken, parsedLanguage, show } from "./shell.js";
import { make } from "./dom.js";
import { save } from "./save.js";
import { service } from "./source.js";
import { translator } from "./words.js";
import * as label from "./views/label.js";
import * as steps from "./views/steps.js";
import * as compare from "./views/compare.js";
import * as architectures from "./views/architectures.js";
import * as train from "./views/train.js";
import * as lesson from "./views/lesson.js";

const views = [
  { name: "label", create: label.create, hasText: true },
  { name: "steps", create: steps.create, hasText: true },
  { name: "compare", create: compare.create, hasText: true },
  { name: "architectures", create: architectures.create, hasText: false },
  { name: "train", create: train.create, hasText: false },
  { name: "lesson", create: lesson.create, hasText: false },
];

/** The button that saves what is shown as one file. */
function saving(app) {
  const { t } = app;
  const button = make("button", {
    type: "button",
    click: async () => {
      button.disabled = true;
      button.textContent = t("save.working");
      try {
        await save(app);
        app.problem(null);
      } catch (error) {
        app.problem(error);
      }
      button.disabled = false;
      button.textContent = t("save.button");
    },
  }, t("save.button"));
  return button;
}

async function start() {
  const source = service(askToken);
  const language = parsedLanguage();
  try {
    const models = await source.models();
    const model = models.find((one) => one.is_default) || models[0];
    const [text = "", other = text] = model.examples || [];
    show({ views, source, models, first: { language, model: model.name, text, other }, actions: [saving] });
  } catch (error) {
    const t = translator(language);
    document.body.replaceChildren(make("p", { class: "message", role: "alert" }, `${t("page.no_models")} ${error.message}`));
  }
}

start();
