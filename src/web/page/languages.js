// SPDX-License-Identifier: GPL-2.0-or-later

// The page's texts: languages/CODE.json, and numbers as the language writes them.

import { recall } from './storage.js';

export const LANGUAGES = {
  en: 'English',
  id: 'Bahasa Indonesia',
  pl: 'Polski',
  zh: '中文',
};

let language = 'en';
let texts = {};
const values = new WeakMap(); // element -> what its texts are filled with

/** The one that was chosen before, or the first of the browser's that there is. */
export function preferredLanguage() {
  const wanted = [recall('localStorage', 'language'), ...navigator.languages];

  return wanted.map((code) => code?.split('-')[0].toLowerCase())
    .find((code) => code in LANGUAGES) ?? 'en';
}

/** Loads the texts of a language and puts them into the page. */
export async function setLanguage(code) {
  const answer = await fetch(`languages/${code}.json`);

  if (!answer.ok)
    throw new Error(`languages/${code}.json: ${answer.status}`);
  texts = await answer.json();
  language = code;
  document.documentElement.lang = code;
  document.title = text('title');
  for (const element of document.querySelectorAll('[data-text], [data-label]'))
    show(element);
}

/** A text, its {names} replaced by the data's; a function among them is called, so
 * that it can speak the language of the moment. */
export function text(key, data = {}) {
  const template = texts[key];

  if (template === undefined)
    throw new Error(`There is no text "${key}" in languages/${language}.json.`);
  return template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = data[name];
    return typeof value === 'function' ? value() : value;
  });
}

export function hasText(key) {
  return key in texts;
}

/** Gives an element a text, or an accessible name, that follows the language. */
export function say(element, key, data) {
  element.dataset.text = key;
  values.set(element, data);
  show(element);
}

export function name(element, key, data) {
  element.dataset.label = key;
  values.set(element, data);
  show(element);
}

function show(element) {
  const data = values.get(element);

  if (element.dataset.text)
    element.textContent = text(element.dataset.text, data);
  if (element.dataset.label)
    element.setAttribute('aria-label', text(element.dataset.label, data));
}

/** A genre as the language calls it; a label that has no text is its own name. */
export function genreName(label) {
  return texts[`genre.${label}`] ?? label;
}

/** Several names in one line. */
export function list(names) {
  return new Intl.ListFormat(language).format(names);
}

export function percent(fraction) {
  return new Intl.NumberFormat(language, { style: 'percent' }).format(fraction);
}

/** A file's size in kB or MB. */
export function fileSize(bytes) {
  const [unit, size] = bytes < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];

  return new Intl.NumberFormat(language, {
    style: 'unit', unit, maximumFractionDigits: bytes < 1e7 && bytes > 1e6 ? 1 : 0,
  }).format(bytes / size);
}

/** Seconds as 1:02 or 1:02:03. */
export function clock(seconds) {
  const all = Math.max(0, Math.floor(seconds + 0.05));
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor(all / 60) % 60;

  return hours > 0
    ? `${hours}:${two(minutes)}:${two(all % 60)}`
    : `${minutes}:${two(all % 60)}`;
}
