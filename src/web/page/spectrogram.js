// SPDX-License-Identifier: GPL-2.0-or-later

// The mel spectrogram that the network sees, as the service sends it.

/** Puts a PNG into a canvas, pixel by pixel; the style stretches it. */
export async function drawSpectrogram(canvas, png) {
  const image = await createImageBitmap(png);

  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0);
}
