// A saved page: the views label, steps and compare, with the answers that are inside the file.
import { show } from "./shell.js";
import { inside } from "./source.js";
import * as label from "./views/label.js";
import * as steps from "./views/steps.js";
import * as compare from "./views/compare.js";
import { translator } from "./words.js";

const { state, models, answers } = JSON.parse(document.getElementById("document").textContent);
const views = [
  { name: "label", create: label.create, hasText: true },
  { name: "steps", create: steps.create, hasText: true },
  { name: "compare", create: compare.create, hasText: true },
];
show({ views, source: inside(answers, (language) => translator(language)("save.missing")), models, first: state });
