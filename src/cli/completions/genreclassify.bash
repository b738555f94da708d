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
    --cache | --data | --db | --errors | --files-from | --genre-map | --groups | --log | -l | \
      --mqtt-ca | --mqtt-credentials | --plot | --token-file | --undo)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --out)
      compopt -o filenames
      # weights file, or the folder of a plan
      [[ ${COMP_WORDS[1]} == batch ]] && words=-d || words=-f
      mapfile -t COMPREPLY < <(compgen "$words" -- "$current")
      return
      ;;
    --audio | --build | --cache-root | --work)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --init | --model | -m)
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
    --rotate)
      mapfile -t COMPREPLY < <(compgen -W daily -- "$current")
      return
      ;;
    --day)
      mapfile -t COMPREPLY < <(compgen -W 'today yesterday' -- "$current")
      return
      ;;
    --group)
      mapfile -t COMPREPLY < <(compgen -W album -- "$current")
      return
      ;;
    --part | --shard)
      mapfile -t COMPREPLY < <(compgen -W auto -- "$current")
      return
      ;;
    --at-once | --jobs | -j | --license | --timeout | --max-failures | --parts | --retries | --sbatch | --shard-count | --shard-index | --window | --hop | --max-duration | \
      --min-confidence | --placeholder | --top | --write-top | --bind | --port | --token | --max-size | \
      --queue | --client-timeout | --keep-uploads | --base-path | --public-host | --socket-mode | \
      --trusted-proxy | --every | --listen | --min-title | --mqtt | --mqtt-queue | --per-process | \
      --silence | --station | --threads)
      return
      ;;
  esac
  case ${COMP_WORDS[1]} in
    batch)
      if ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'cancel merge plan run slurm status' -- "$current")
        return
      fi
      case ${COMP_WORDS[2]} in
        merge) options='--help --no-cache --out' ;;
        plan) options='--help --null --out --parts' ;;
        run) options='--help --out --part' ;;
        slurm) options='--at-once --dry-run --help --null --out --parts --resume --sbatch' ;;
        status) options='--help --json --out' ;;
        *) options='--help --out' ;;
      esac
      ;;
    eval)
      options='--help --jobs --json --model --plot'
      ;;
    help)
      mapfile -t COMPREPLY < <(compgen -W 'batch eval learn models monitor serve train' -- "$current")
      return
      ;;
    learn)
      options='--audio --build --force --groups --help --init --license --name --out --version --work'
      ;;
    models)
      options='--help --json --names'
      words=$("${COMP_WORDS[0]}" models --names 2>/dev/null)
      ;;
    monitor)
      if [[ ${COMP_WORDS[2]} == report && $COMP_CWORD -gt 2 ]]; then
        options='--day --db --help --json --plot --station --utc'
      else
        options='--db --every --help --json --keep --listen --log --min-title --model --mqtt --mqtt-ca
          --mqtt-credentials --mqtt-queue --per-process --recorded --rotate --silence --start --threads
          --window'
        ((COMP_CWORD == 2)) && words=report
      fi
      ;;
    serve)
      options='--base-path --bind --client-timeout --help --jobs --keep-uploads
        --log-file-names --log-format --max-duration --max-size --port --public-host --queue
        --self-test --socket-mode --timeout --token --token-file --trusted-proxy'
      ;;
    train)
      options=$("${COMP_WORDS[0]}" train --help 2>/dev/null | grep -oE '^ +(-h, )?--[a-z0-9-]+' |
        grep -oE -- '--.*')
      ;;
    *)
      options='--append --cache --cache-prune --cache-root --dry-run --embedding --errors --export --files-from --force
        --genre-map --group --help --help-all --hop --id3v23 --jobs --json --log --max-duration
        --max-failures --min-confidence --model --null --ok-if-failed --overwrite --placeholder --plot
        --preserve-times --quiet --retries --segments --shard --shard-count --shard-index --strict --tags
        --timeout --top --undo --unordered --verbose --version --window --write --write-confidence
        --write-tags --write-top'
      ((COMP_CWORD == 1)) && words='batch eval help learn models monitor serve train'
      ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $COMP_CWORD == 1 || ! "${COMP_WORDS[1]} ${COMP_WORDS[2]}" =~ ^(serve|monitor\ report$) ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"
      compgen -f -- "$current")
  fi
}
complete -F _genreclassify genreclassify
