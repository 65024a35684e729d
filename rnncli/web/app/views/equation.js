// To be written: the equation of one number, for the view of the steps.
import { make } from "../dom.js";

export function create(app) {
  return { element: make("section", {}, make("p", { class: "hint" }, app.t("page.soon"))), update() {} };
}
