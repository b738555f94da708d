# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of genreclassify for bash.

_genreclassify() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local options words

  COMPREPLY=()
  # "--option=value" comes as three words
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    --cache | --errors | --files-from | --genre-map | --log | --plot | \
      --token-file | --undo)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --cache-root)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --model | -m)
      compopt -o filenames
      words=$("${COMP_WORDS[0]}" models --names 2>/dev/null)
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"
        compgen -f -X '!*.safetensors' -- "$current"
        compgen -d -- "$current")
      return
      ;;
    --export)
      mapfile -t COMPREPLY < <(compgen -W 'json csv' -- "$current")
      return
      ;;
    --log-format)
      mapfile -t COMPREPLY < <(compgen -W 'json text none' -- "$current")
      return
      ;;
    --group)
      mapfile -t COMPREPLY < <(compgen -W album -- "$current")
      return
      ;;
    --jobs | -j | --timeout | --shard | --window | --hop | --max-duration | \
      --min-confidence | --placeholder | --top | --write-top | --bind | --port | --token | --max-size | \
      --queue | --client-timeout | --keep-uploads | --base-path | --public-host | --socket-mode | \
      --trusted-proxy)
      return
      ;;
  esac
  case ${COMP_WORDS[1]} in
    eval)
      options='--help --jobs --json --model --plot'
      ;;
    help)
      mapfile -t COMPREPLY < <(compgen -W 'eval models serve' -- "$current")
      return
      ;;
    models)
      options='--help --json --names'
      ;;
    serve)
      options='--base-path --bind --client-timeout --help --jobs --keep-uploads
        --log-file-names --log-format --max-duration --max-size --port --public-host --queue
        --self-test --socket-mode --timeout --token --token-file --trusted-proxy'
      ;;
    *)
      options='--append --cache --cache-prune --cache-root --dry-run --embedding --errors --export --files-from --force
        --genre-map --group --help --help-all --hop --id3v23 --jobs --json --log --max-duration
        --min-confidence --model --null --overwrite --placeholder --plot --preserve-times --quiet
        --segments --shard --strict --tags --timeout --top --undo --verbose --version --window --write
        --write-confidence --write-tags --write-top'
      ((COMP_CWORD == 1)) && words='eval help models serve'
      ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $COMP_CWORD == 1 || ! ${COMP_WORDS[1]} =~ ^(models|serve)$ ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"
      compgen -f -- "$current")
  fi
}
complete -F _genreclassify genreclassify
