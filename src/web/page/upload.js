// SPDX-License-Identifier: GPL-2.0-or-later

// Choosing a file: by the button, or dropped anywhere on the page.

/** @param {(file: File) => void} onFile */
export function initUpload({ button, input, zone }, onFile) {
  button.addEventListener('click', () => input.click());

  // Who closes the dialog without a choice keeps the file that was chosen before.
  input.addEventListener('change', () => {
    if (input.files.length > 0)
      onFile(input.files[0]);
    input.value = ''; // so that the same file, changed, can be chosen again
  });

  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');

  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event))
      return;
    event.preventDefault();
    zone.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget)
      zone.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event))
      return;
    event.preventDefault();
    zone.classList.remove('over');
    if (event.dataTransfer.files.length > 0)
      onFile(event.dataTransfer.files[0]);
  });
}
