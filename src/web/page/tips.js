// SPDX-License-Identifier: GPL-2.0-or-later

// Terms explained: a "?" whose tooltip is there as long as the mouse is on either or
// the "?" has the focus, and goes with Escape.

import { name, say, text } from './languages.js';

const MARGIN = 8; // px between a tooltip and the window's edge

let tips = 0;

/** @param {string} term "term.TERM" is its name, "tip.TERM" what it means */
export function makeTip(term) {
  const holder = document.createElement('span');
  const button = document.createElement('button');
  const tip = document.createElement('span');

  holder.className = 'tip-holder';
  button.type = 'button';
  button.className = 'tip-button';
  button.textContent = '?';
  name(button, 'tip.what', { term: () => text(`term.${term}`) });
  tip.className = 'tip';
  tip.id = `tip-${++tips}`;
  tip.setAttribute('role', 'tooltip');
  say(tip, `tip.${term}`);
  button.setAttribute('aria-describedby', tip.id);
  holder.append(button, tip);

  const show = () => {
    holder.classList.add('open');
    place(tip);
  };
  const hide = () => {
    if (!holder.matches(':hover') && document.activeElement !== button)
      holder.classList.remove('open');
  };

  holder.addEventListener('mouseenter', show);
  holder.addEventListener('mouseleave', hide);
  button.addEventListener('focus', show);
  button.addEventListener('blur', hide);
  button.addEventListener('click', show); // by a finger, or after Escape
  return holder;
}

/** Puts a tooltip below its "?", and within the window. */
function place(tip) {
  const { left } = tip.parentElement.getBoundingClientRect();
  const most = document.documentElement.clientWidth - MARGIN - tip.offsetWidth;

  tip.style.left = `${Math.max(MARGIN, Math.min(left - 2 * MARGIN, most)) - left}px`;
}

/** Puts a tooltip wherever the page has a place for one. */
export function initTips() {
  for (const holder of document.querySelectorAll('[data-tip]'))
    holder.append(makeTip(holder.dataset.tip));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape')
      for (const holder of document.querySelectorAll('.tip-holder.open'))
        holder.classList.remove('open');
  });
}
