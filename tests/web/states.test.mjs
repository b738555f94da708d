// SPDX-License-Identifier: GPL-2.0-or-later

// Every state of the page in both themes and three widths: axe finds nothing, nothing is
// wider than the window, and a picture is left to be looked at.

import fs from 'node:fs';
import { after, before, test } from 'node:test';

import {
  assertAccessible, assertNoOverflow, closePage, folder, makeMusic, music, openPage,
  startBrowser, startService, stopServices,
} from './browser.mjs';

let service;

before(async () => {
  makeMusic();
  service = await startService();
});

after(async () => {
  await stopServices();
  fs.rmSync(folder, { recursive: true });
});

const choose = (name) => (page) => page.setInputFiles('#file', music(name));

async function check(page) {
  await page.click('#check-button');
  await page.waitForSelector('.answer');
  await page.waitForSelector('#spectrogram:not([hidden])');
}

/** A check that goes on until the page is closed. */
async function run(page) {
  await page.route('**/uploads', () => {}); // never answered
  await choose('clip.ogg')(page);
  await page.click('#check-button');
  await page.waitForSelector('#cancel:not([hidden])');
}

/** Name -> what leads to it from a fresh page. */
const STATES = {
  idle: () => {}, // the button is disabled
  'choose-hover': (page) => page.hover('#choose'),
  'record-hover': (page) => page.hover('#record'),
  'choose-focus': (page) => page.focus('#choose'),
  chosen: choose('clip.ogg'),
  'check-hover': async (page) => {
    await choose('clip.ogg')(page);
    await page.hover('#check-button');
  },
  running: run,
  'running-hover': async (page) => {
    await run(page);
    await page.mouse.move(0, 0);
    const { x, y } = await page.evaluate(() =>
      document.getElementById('check-button').getBoundingClientRect().toJSON());
    await page.mouse.move(x + 5, y + 5);
  },
  error: async (page) => {
    await choose('letter.mp3')(page);
    await page.click('#check-button');
    await page.waitForSelector('#message:not([hidden])');
  },
  recording: async (page) => {
    await page.click('#record');
    await page.waitForSelector('#recording:not([hidden])');
  },
  result: async (page) => {
    await choose('clip.ogg')(page);
    await check(page);
  },
  'segment-hover': async (page) => {
    await choose('clip.ogg')(page);
    await check(page);
    await page.hover('.segment');
  },
  'no-music': async (page) => {
    await choose('noise.wav')(page);
    await check(page);
  },
  silent: async (page) => {
    await choose('silent.wav')(page);
    await check(page);
  },
  queue: async (page) => {
    await page.setInputFiles('#file', ['clip.ogg', 'short.wav', 'noise.wav'].map(music));
    await page.click('#check-button');
    await page.waitForSelector('#saves:not([hidden])');
  },
  details: (page) => page.click('.how summary'),
};

for (const colorScheme of ['light', 'dark'])
  test(`${colorScheme}: every state, at 1280, 768 and 320 px`, async (t) => {
    const browser = await startBrowser({ colorScheme });

    t.after(() => browser.close());
    for (const [state, lead] of Object.entries(STATES)) {
      const page = await openPage(browser, service.url,
        { viewport: { width: 1280, height: 800 }, colorScheme });

      await lead(page);
      for (const width of [1280, 768, 320]) {
        const where = `${state}-${colorScheme}-${width}`;

        await page.setViewportSize({ width, height: 800 });
        await assertNoOverflow(page, where);
        await assertAccessible(page, where);
        await takePicture(page, `page-${where}`);
      }
      await closePage(page);
    }
  });
