// SPDX-License-Identifier: GPL-2.0-or-later

// The results of several files as a file: CSV for spreadsheets, JSON for programs.

/** A cell of text.  A spreadsheet would take one that begins like a formula for a
 * formula, and run what a file's name says. */
function cell(value) {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text)
    ? `'${text}` : text;

  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8.
 * @param {{name: string, result?: object, error?: {code: string}}[]} files */
export function toCsv(files) {
  const labels = Object.keys(files.find(({ result }) => result?.probabilities)
    ?.result.probabilities ?? {});
  const rows = [['file', 'genre', 'confidence', 'music', 'silent', 'seconds', 'model',
    'error', ...labels]];

  for (const { name, result, error } of files)
    rows.push([name, result?.genre, result?.confidence, result?.music, result?.silent,
      result?.duration, result?.model, error?.code,
      ...labels.map((label) => result?.probabilities?.[label])]);
  return `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** The answers as the service gave them. */
export function toJson(files) {
  return `${JSON.stringify(files.map(({ name, size, result, error }) => ({
    file: name, size, result: result ?? null, error: error?.code ?? null,
  })), null, 2)}\n`;
}

/** Has the browser save a text. */
export function save(name, type, text) {
  const link = document.createElement('a');

  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
