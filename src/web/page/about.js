// SPDX-License-Identifier: GPL-2.0-or-later

// What the program is made of, as the service tells it.

import { say } from './languages.js';
import { fetchAbout } from './service.js';

const $ = (id) => document.getElementById(id);

/** "BSD-3-Clause"; a link to its text if that comes with the page. */
function makeLicence({ license, notice }) {
  if (!notice)
    return license ?? '';
  const link = document.createElement('a');

  link.href = notice;
  link.textContent = license;
  return link;
}

function makeRow(part) {
  const row = document.createElement('tr');
  const cells = [['th', part.name], ['td', part.version], ['td', makeLicence(part)]];

  for (const [tag, content] of cells) {
    const cell = document.createElement(tag);

    if (tag === 'th')
      cell.scope = 'row';
    cell.append(content);
    row.append(cell);
  }
  if (!part.license)
    say(row.lastChild, 'about.unstated');
  return row;
}

export async function showAbout() {
  const about = await fetchAbout();

  say($('about-line'), 'about.line', about.program);
  for (const kind of ['models', 'page', 'libraries'])
    $(`about-${kind}`).replaceChildren(...about[kind].map(makeRow));
  $('about').showModal();
}
