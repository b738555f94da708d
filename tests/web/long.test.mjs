// SPDX-License-Identifier: GPL-2.0-or-later

// Files of many minutes: seen whole, looked at closely, and listed in chapters.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';

import {
  assertAccessible, assertNoOverflow, closePage, folder, makeMusic, music, openPage,
  startBrowser, startService, stopServices,
} from './browser.mjs';

const GENRES = ['blues', 'classical', 'country', 'disco', 'hiphop', 'jazz', 'metal',
  'pop', 'reggae', 'rock'];
const HOURS = 7200; // s
const RATE = 4000;  // Hz

let service, browser;

before(async () => {
  makeMusic();
  makeLong();
  [service, browser] = await Promise.all([startService(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await stopServices();
  fs.rmSync(folder, { recursive: true });
});

/** Two hours of silence, and eleven minutes of the clip and of noise. */
function makeLong() {
  const header = Buffer.alloc(44);

  header.write('RIFF');
  header.writeUInt32LE(36 + HOURS * RATE, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(HOURS * RATE, 40);
  fs.writeFileSync(music('hours.wav'),
    Buffer.concat([header, Buffer.alloc(HOURS * RATE, 128)]));

  execFileSync('ffmpeg', ['-v', 'error', '-stream_loop', '9', '-i', music('clip.wav'),
    '-f', 'lavfi', '-i', 'anoisesrc=d=300:r=44100:a=0.3', '-filter_complex',
    '[0:a]aformat=channel_layouts=mono[a];[1:a]aformat=channel_layouts=mono[b];' +
    '[a][b]concat=n=2:v=0:a=1', '-ar', '22050', music('minutes.wav')]);
}

/** What the service would say of two hours: jazz for 50 minutes, silence for a part,
 * then rock. */
function hoursResult() {
  const answerOf = (i) => {
    if (i === 100)
      return { genre: null, confidence: 0, probabilities: null, silent: true, music: 0 };
    const genre = i < 100 ? 'jazz' : 'rock';
    const probabilities = Object.fromEntries(GENRES.map((label) =>
      [label, label === genre ? 0.64 : 0.04]));
    return { genre, confidence: 0.64, probabilities, silent: false, music: 1 };
  };
  const segments = Array.from({ length: HOURS / 30 },
    (_, i) => ({ start: 30 * i, duration: 30, ...answerOf(i) }));

  return {
    model: 'crnn', duration: HOURS, missing: 0, truncated: false,
    declared_duration: null, ...answerOf(200), segments,
  };
}

async function openHours(options) {
  const page = await openPage(browser, service.url, options);
  const result = hoursResult();
  const events = [...result.segments.map((segment) => ['segment', segment]),
    ['result', result]];

  await page.route('**/uploads', (route) =>
    route.fulfill({ status: 201, json: { id: 'x', size: 1, expires: 60 } }));
  await page.route('**/predict/*', (route) => route.fulfill({
    contentType: 'text/event-stream',
    body: events.map(([name, data]) =>
      `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join(''),
  }));
  await page.route('**/waveform*', (route) => route.fulfill({
    json: { duration: HOURS, peaks: Array.from({ length: 1000 }, (_, i) => i % 10 / 10) },
  }));
  await page.route('**/spectrogram*', (route) => route.abort());
  await page.setInputFiles('#file', music('hours.wav'));
  await page.click('#check-button');
  await page.waitForSelector('#wave canvas', { state: 'attached' });
  await page.waitForSelector('#chapters tbody tr');
  return page;
}

/** Presses a button until it has no more to do. */
async function pressAll(page, button) {
  for (let i = 0; i < 9 && await page.getAttribute(button, 'aria-disabled') !== 'true'; i++)
    await page.click(button);
}

const widthOf = (page, selector) => page.locator(selector).evaluate((element) =>
  element.getBoundingClientRect().width);

test('two hours fit the width, and are a table of chapters', async () => {
  const page = await openHours({ viewport: { width: 1000, height: 800 } });

  assert.equal(await page.textContent('#duration'), '2:00:00');
  assert.ok(await widthOf(page, '#tracks') <= 1000);
  assert.equal(await page.locator('.segment').count(), 240);
  // too narrow for fingers: they are no buttons, but a click plays what is there
  assert.equal(await page.locator('.segment:not([inert])').count(), 0);

  const rows = await page.locator('#chapters tbody tr').evaluateAll((all) =>
    all.map((row) => [...row.cells].map(({ textContent }) => textContent)));
  assert.deepEqual(rows, [
    ['0:00', '50:00', 'jazz', '64%'],
    ['50:00', '50:30', 'silence', ''],
    ['50:30', '2:00:00', 'rock', '64%'],
  ]);

  await page.locator('.timeline').click({ position: { x: 1, y: 20 } });
  await page.waitForFunction(() => document.getElementById('position').value > 0);
  await page.locator('.chapter').nth(2).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('position').value >= 3030);
  await assertAccessible(page, 'two hours');
  await assertNoOverflow(page, 'two hours');
  await closePage(page);
});

test('a part can be looked at closely', async () => {
  const page = await openHours({ viewport: { width: 1000, height: 800 } });
  const whole = await widthOf(page, '#tracks');

  assert.ok(await page.isHidden('#view'));
  await page.locator('#zoom-in').focus();
  for (let i = 0; i < 6; i++)
    await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('#zoom-in', 'aria-disabled'), 'true');
  const close = await widthOf(page, '#tracks');
  assert.ok(close > 4 * whole && close < 10000, `${close} px`);
  assert.ok(await page.locator('.segment:not([inert])').count() > 230);

  // the overview shows which part that is, and the part scrolls by keyboard
  const overview = await widthOf(page, '#wave');
  const view = await widthOf(page, '#view');
  assert.ok(Math.abs(view / overview - whole / close) < 0.02);
  await page.locator('#scroller').focus();
  const before = await page.evaluate(() => document.getElementById('scroller').scrollLeft);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((left) =>
    document.getElementById('scroller').scrollLeft > left, before);
  await assertAccessible(page, 'close');
  await assertNoOverflow(page, 'close');

  await pressAll(page, '#zoom-out');
  assert.equal(await widthOf(page, '#tracks'), whole);
  assert.ok(await page.isHidden('#view'));
  await closePage(page);
});

test('on a small screen, too', async () => {
  const page = await openHours({ viewport: { width: 320, height: 700 } });

  await assertNoOverflow(page, '320 px');
  await assertAccessible(page, '320 px');
  await pressAll(page, '#zoom-in');
  assert.ok(await widthOf(page, '#tracks') < 10000);
  await assertNoOverflow(page, '320 px, close');
  await takePicture(page, 'long-320');
  await closePage(page);
});

test('the first parts are seen while the rest is heard', async () => {
  const page = await openPage(browser, service.url,
    { viewport: { width: 1000, height: 800 } });

  // not one sample is decoded in the tab
  await page.evaluate(() => {
    for (const context of [AudioContext, OfflineAudioContext])
      context.prototype.decodeAudioData = () => {
        window.decoded = true;
      };
    window.seen = 0;
    new MutationObserver(() => {
      if (document.getElementById('results').hidden)
        window.seen = document.querySelectorAll('.segment').length;
    }).observe(document.getElementById('timelines'), { childList: true, subtree: true });
  });
  await page.setInputFiles('#file', music('minutes.wav'));
  await page.click('#check-button');
  await page.waitForSelector('#chapters tbody tr', { timeout: 60000 });
  assert.ok(await page.evaluate(() => window.seen) > 1);
  await page.waitForSelector('#wave canvas', { state: 'attached', timeout: 60000 });
  assert.equal(await page.evaluate(() => window.decoded), undefined);
  assert.match(await page.textContent('#chapters tbody tr:last-child'), /not music/);
  await takePicture(page, 'long-1000');
  await closePage(page);
});
