// The texts of the page in the language of the reader.
import { en } from "./words/en.js";
import { zh } from "./words/zh.js";

export const languages = { en: { name: "English", tag: "en", texts: en }, zh: { name: "中文", tag: "zh-Hant", texts: zh } };

/** The function that gives a text by its key: t("step.of", { step: 3, count: 8 }) fills in {step} and {count}. */
export function translator(language) {
  const texts = (languages[language] || languages.en).texts;
  return (key, values = {}) => {
    const text = texts[key] ?? en[key];
    if (text === undefined) throw new Error(`there is no text ${key}`);
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}
