// SPDX-License-Identifier: GPL-2.0-or-later

// What the page's tests share: music, the service, and a browser.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const { env } = process;
const require = createRequire(path.join(env.TEST_NODE_MODULES, 'index.js'));
const { chromium, firefox } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'genreclassify-page-'));
export const music = (name) => path.join(folder, name);

const ENCODERS = {
  wav: 'audioconvert ! audio/x-raw,format=S16LE ! wavenc',
  mp3: 'lamemp3enc ! xingmux',
  ogg: 'vorbisenc ! oggmux',
  flac: 'flacenc',
  m4a: 'avenc_aac ! mp4mux',
};

/** The clip in each of the formats, and what is not as it should be. */
export function makeMusic() {
  for (const [format, encoder] of Object.entries(ENCODERS))
    gst(`filesrc location=${env.TEST_CLIP} ! decodebin ! audioconvert !
      audioresample ! audio/x-raw,rate=44100,channels=2 ! ${encoder} !
      filesink location=${music(`clip.${format}`)}`);
  gst(`audiotestsrc num-buffers=100 samplesperbuffer=882 ! audio/x-raw,rate=44100 !
    wavenc ! filesink location=${music('short.wav')}`);
  gst(`audiotestsrc wave=silence num-buffers=10 samplesperbuffer=44100 !
    audio/x-raw,rate=44100 ! wavenc ! filesink location=${music('silent.wav')}`);
  gst(`audiotestsrc wave=white-noise num-buffers=10 samplesperbuffer=44100 !
    audio/x-raw,rate=44100 ! wavenc ! filesink location=${music('noise.wav')}`);
  fs.writeFileSync(music('letter.mp3'), 'Dear Sir or Madam,\n'.repeat(100));
  fs.writeFileSync(music('empty.wav'), '');
}

function gst(pipeline) {
  execFileSync('gst-launch-1.0', ['-q', ...pipeline.trim().split(/\s+/)],
    { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A folder with two models, for there to be a choice. */
function makeModels() {
  const models = path.join(folder, 'models');

  if (!fs.existsSync(models)) {
    fs.mkdirSync(models);
    fs.copyFileSync(env.TEST_MODEL, path.join(models, 'crnn.safetensors'));
    fs.copyFileSync(env.TEST_SMALL_MODEL, path.join(models, 'cnn.safetensors'));
  }
  return models;
}

const running = new Set();

/** Starts the service; the object has its url, and stop (). */
export function startService(...options) {
  return startServiceOf(makeModels(), ...options);
}

/** The same with the models of another folder. */
export async function startServiceOf(models, ...options) {
  const child = spawn(env.GENRECLASSIFY, ['serve', '--port=0', ...options], {
    env: { ...env, GENRECLASSIFY_MODELS: models },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const stop = () => {
    running.delete(stop);
    child.kill('SIGTERM');
    return ended;
  };
  running.add(stop);

  const url = await new Promise((resolve, reject) => {
    let said = '';

    ended.then((status) => reject(new Error(`serve ended with ${status}`)));
    child.stdout.on('data', (data) => {
      said += data;
      const found = /http:\/\/\S+/.exec(said);
      if (found)
        resolve(new URL(found[0]));
    });
  });

  return { url: url.origin, port: url.port, stop };
}

/** Stops those that a failed test has left, too. */
export function stopServices() {
  return Promise.all([...running].map((stop) => stop()));
}

/** Whether these are Firefox's tests; otherwise they are Chromium's. */
export const isFirefox = env.TEST_BROWSER === 'firefox';

/** Firefox plays and records only where there is a sound card: a server that throws away
 * what it gets.  The promise is of its address. */
async function startSound() {
  const socket = path.join(folder, 'sound');

  if (!fs.existsSync(socket)) {
    const server = spawn('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1',
      '--load=module-null-sink',
      `--load=module-native-protocol-unix auth-anonymous=1 socket=${socket}`],
    { env: { ...env, HOME: folder, XDG_RUNTIME_DIR: folder }, stdio: 'ignore' });
    const ended = new Promise((resolve) => server.on('exit', resolve));
    const stop = () => {
      running.delete(stop);
      server.kill('SIGTERM');
      return ended;
    };

    running.add(stop);
    while (!fs.existsSync(socket) && server.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return `unix:${socket}`;
}

/** Starts the browser, with a microphone in which a tone or, in Chromium, the clip is
 * to be heard, or none. */
export async function startBrowser({ microphone = true, colorScheme = 'light' } = {}) {
  if (isFirefox)
    return firefox.launch({
      executablePath: env.BROWSER,
      env: { ...env, PULSE_SERVER: await startSound() },
      channel: 'moz-firefox', // as Mozilla makes it: by WebDriver BiDi
      firefoxUserPrefs: {
        'media.navigator.streams.fake': microphone,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
        // WebDriver BiDi has no command for it yet
        'layout.css.prefers-color-scheme.content-override':
          colorScheme === 'dark' ? 0 : 1,
      },
    });

  return chromium.launch({
    executablePath: env.BROWSER,
    args: [
      // as root there is no sandbox to be had; the pages are our own
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
      '--autoplay-policy=no-user-gesture-required',
      ...(microphone ? ['--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${music('clip.wav')}`] : []),
    ],
  });
}

/** A tab with the page in it.  Errors of its scripts, and what its
 * Content-Security-Policy forbids, fail the test: see closePage (). */
export async function openPage(browser, url, options = {}) {
  const page = await browser.newPage({ locale: 'en-GB', ...options });

  page.setDefaultTimeout(30000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.stack));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text()))
      page.faults.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector('#model option', { state: 'attached' });
  return page;
}

export async function closePage(page) {
  await page.close();
  assert.deepEqual(page.faults, []);
}

/** Runs axe-core in the page as it stands. */
export async function assertAccessible(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
      'best-practice'],
  }));

  assert.deepEqual(violations.map(({ id, help, nodes }) =>
    `${where}: ${id}: ${help}: ${nodes.map(({ html }) => html).join('\n')}`), []);
}

/** Nothing is wider than the window. */
export async function assertNoOverflow(page, where) {
  const wide = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);

  assert.equal(wide, 0, `${where}: ${wide} px to the right of the window`);
}

/** Leaves a picture of the whole page to be looked at.  Chromium's only: playwright puts a
 * style into Firefox's page for it, which the policy forbids. */
export async function takePicture(page, picture) {
  if (!isFirefox)
    await page.screenshot(
      { path: `${env.TEST_PICTURES}/${picture}.png`, fullPage: true });
}
