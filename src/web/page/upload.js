// SPDX-License-Identifier: GPL-2.0-or-later

// Choosing files: by the button, or dropped anywhere on the page.

/** The files of a drop, and the names of the folders among them, which browsers give
 * as files that cannot be read. */
function sort({ items, files }) {
  const entries = [...items].filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry());
  const folders = entries.filter((entry) => entry?.isDirectory)
    .map(({ name }) => name);

  return {
    folders,
    files: [...files].filter((_, i) => !entries[i]?.isDirectory),
  };
}

/** @param {(files: File[]) => void} onFiles at least one
 * @param {(name: string) => void} onFolder a folder was dropped */
export function initUpload({ button, input, zone }, onFiles, onFolder) {
  button.addEventListener('click', () => input.click());

  // Who closes the dialog without a choice keeps the file that was chosen before.
  input.addEventListener('change', () => {
    if (input.files.length > 0)
      onFiles([...input.files]);
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
    const { files, folders } = sort(event.dataTransfer);
    if (files.length > 0)
      onFiles(files);
    if (folders.length > 0)
      onFolder(folders[0]);
  });
}
