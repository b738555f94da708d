// SPDX-License-Identifier: GPL-2.0-or-later

// Measures when the page is seen, and when it can be used, over slow 3G: 400 kbit/s,
// 400 ms there and back.  A line of that kind is made between Chromium and the service,
// as Chromium's own emulation counts no round trip for a connection.  Run by hand:
// ninja -C build firstpaint

import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { startBrowser, startService, stopServices } from './browser.mjs';

const RATE = 50;       // bytes per ms
const ROUND_TRIP = 400; // ms
const RUNS = 5;

/** A line to a port, shared by all connections; the promise is of its own port. */
function startLine(port) {
  let free = 0; // when the line has sent all it was given
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const begin = performance.now() + ROUND_TRIP; // the handshake
    const upstream = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const carry = (from, to, rate) => {
      let arrived = Promise.resolve(); // what was sent before

      from.on('data', (data) => {
        const start = Math.max(performance.now(), begin, rate ? free : 0);
        const sent = rate ? start + data.length / rate : start;
        const here = wait(sent + ROUND_TRIP / 2 - performance.now());

        if (rate)
          free = sent;
        arrived = arrived.then(() => here).then(() => to.write(data));
      });
      from.on('end', () => {
        arrived.then(() => to.end());
      });
      for (const socket of [from, to])
        socket.on('error', () => socket.destroy());
    };

    carry(client, upstream);
    carry(upstream, client, RATE);
  });

  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

const service = await startService();
const browser = await startBrowser();
const line = await startLine(service.port);
const url = `http://127.0.0.1:${line.address().port}`;
const middle = (values) => [...values].sort((a, b) => a - b)[RUNS >> 1].toFixed(0);
const paints = [], uses = [];

for (let run = 0; run < RUNS; run++) {
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();

  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForSelector('#model option', { state: 'attached', timeout: 60000 });
  uses.push(await page.evaluate(() => performance.now()));
  paints.push(await page.evaluate(() =>
    performance.getEntriesByName('first-contentful-paint')[0].startTime));
  await context.close();
}
console.log(`first contentful paint ${middle(paints)} ms, usable ${middle(uses)} ms ` +
  `(medians of ${RUNS})`);
await browser.close();
line.close();
await stopServices();
process.exit();
