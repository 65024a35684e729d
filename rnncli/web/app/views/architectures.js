// To be written.
import { make } from "../dom.js";

export function create(app) {
  return { element: make("section", {}, make("p", { class: "hint" }, app.t("page.soon"))), update() {} };
}
