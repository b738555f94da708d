// SPDX-License-Identifier: GPL-2.0-or-later

// The card in which a file is heard and seen: its waveform, its genres over time and
// its spectrogram, one above the other, and the position in all of them.

import { say, text } from './languages.js';
import { explain } from './messages.js';
import { Player } from './player.js';
import { drawSpectrogram } from './spectrogram.js';
import { Timeline, showAxis, showLegend } from './timeline.js';

const SEGMENT = 30;          // s: what the model listens to at once
const SEGMENT_WIDTH = 44;    // px: for a genre's name
const LEAST_WIDTH = 24;      // px: for a finger, if the last segment is a short one

const $ = (id) => document.getElementById(id);

let drawing = null;          // AbortController of the spectrogram
let timelines = [];

const player = new Player({
  play: $('play'), position: $('position'), time: $('time'),
  duration: $('duration'), wave: $('wave'),
});

/** Calls @p onDuration whenever the file's length, in s, becomes known. */
export function initListening(onDuration) {
  player.addEventListener('time', showTime);
  player.addEventListener('duration', () => {
    onDuration(player.duration);
    showAxis($('axis'), player.duration);
    showTime();
    for (const timeline of timelines)
      timeline.resize(player.duration);
  });
  player.addEventListener('unplayable', () => {
    $('unplayable').hidden = false;
    for (const id of ['transport', 'wave', 'playhead'])
      $(id).hidden = true;
  });
  new ResizeObserver(() => {
    if (player.duration > 0)
      showAxis($('axis'), player.duration);
  }).observe($('tracks'));
}

/** Shows another file, of which nothing is known yet. */
export function listenTo(file) {
  forgetAnswers();
  $('listen').hidden = false;
  $('unplayable').hidden = true;
  for (const id of ['transport', 'wave', 'playhead'])
    $(id).hidden = false;
  $('axis').replaceChildren();
  $('tracks').style.minWidth = '';
  player.load(file);
}

/** Takes the answers about another file, or of another check, away. */
export function forgetAnswers() {
  drawing?.abort();
  timelines = [];
  for (const id of ['timelines', 'legend'])
    $(id).replaceChildren();
  for (const id of ['legend', 'spectrogram', 'spectrogram-status', 'segments-hint'])
    $(id).hidden = true;
}

/** What cannot be heard either has nothing to show without an answer. */
export function hideIfSilent() {
  $('listen').hidden = !$('unplayable').hidden;
}

/** How many segments a model will answer for; 0 if that is not known. */
export function expectedSegments() {
  return player.duration > 0
    ? Math.max(1, Math.ceil(player.duration / SEGMENT - 1 / 6)) : 0;
}

export function newTimeline(model) {
  const timeline = new Timeline($('timelines'), model, ({ start, duration }) =>
    player.playSegment(start, start + duration));

  timelines.push(timeline);
  return timeline;
}

/** Takes those after the first @p n away: they are not whole. */
export function keepTimelines(n) {
  timelines.splice(n).forEach((timeline) => timeline.remove());
}

export function addSegment(timeline, segment) {
  const { style } = $('tracks');
  const width = segment.duration < SEGMENT ? LEAST_WIDTH : SEGMENT_WIDTH;
  const all = width * player.duration / Math.max(1, segment.duration);

  style.minWidth = `${Math.max(parseFloat(style.minWidth) || 0, all)}px`;
  timeline.add(segment, player.duration);
  $('segments-hint').hidden = false;
  showTime();
}

/** Shows what the results tell of the whole file. */
export function haveResults(results) {
  const labels = Object.keys(results[0].probabilities ?? {});
  const coloured = results.some(({ segments }) =>
    segments.some(({ genre }) => genre !== null));

  player.setDuration(results[0].duration);
  showLegend($('legend'), labels);
  $('legend').hidden = labels.length === 0 || !coloured;
}

/** @param {(signal: AbortSignal) => Promise<Blob>} getImage asks for the PNG */
export async function showSpectrogram(getImage) {
  const line = $('spectrogram-status');
  const { signal } = drawing = new AbortController();

  line.hidden = false;
  say(line, 'spectrogram.loading');
  try {
    await drawSpectrogram($('spectrogram-image'), await getImage(signal));
    signal.throwIfAborted();
    $('spectrogram').hidden = false;
    line.hidden = true;
  } catch (error) {
    if (signal.aborted)
      return; // another file has been chosen, or another check begun
    const why = explain(error);
    say(line, 'spectrogram.failed', { message: () => text(...why) });
  }
}

function showTime() {
  const { time, duration } = player;

  $('playhead').style.left = duration > 0 ? `${100 * time / duration}%` : 0;
  follow(duration > 0 ? time / duration : 0);
  for (const timeline of timelines)
    timeline.showTime(time);
}

/** Scrolls tracks that are wider than the window along. */
function follow(fraction) {
  const scroller = $('scroller');
  const x = fraction * $('tracks').offsetWidth - scroller.scrollLeft;

  if (player.playing && (x < 0 || x > scroller.clientWidth))
    scroller.scrollLeft += x - scroller.clientWidth / 8;
}
