#compdef genreclassify
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of genreclassify for zsh.

_genreclassify() {
  local -a options
  local command=$words[2]

  [[ $command == monitor && $words[3] == report && $CURRENT -gt 3 ]] &&
    command=monitor-report
  [[ $command == batch && $CURRENT -gt 3 ]] && command=batch-$words[3]
  case $command in
    batch)
      options=('2:action:(cancel merge plan run slurm status)')
      ;;
    batch-cancel)
      options=(
        '--help[show the options]'
        '--out=[the plan and all results]:folder:_files -/'
        '3:folder of the plan:_files -/'
      )
      ;;
    batch-merge)
      options=(
        '--help[show the options]'
        '--no-cache[leave the caches of the parts as they are]'
        '--out=[the plan and all results]:folder:_files -/'
        '3:folder of the plan:_files -/'
      )
      ;;
    batch-plan)
      options=(
        '--help[show the options]'
        {-0,--null}'[names in lists end in NUL]'
        '--out=[the plan and all results]:folder:_files -/'
        '--parts=[how many parts to make]:number'
        '*:list or directory:_files'
      )
      ;;
    batch-run)
      options=(
        '--help[show the options]'
        '--part=[which part, from 0]:part:(auto)'
        '--out=[the plan and all results]:folder:_files -/'
        '3:folder of the plan:_files -/'
      )
      ;;
    batch-slurm)
      options=(
        {-n,--dry-run}'[print the script, submit nothing]'
        '--help[show the options]'
        {-0,--null}'[names in lists end in NUL]'
        '--out=[the plan and all results]:folder:_files -/'
        '--parts=[how many parts to make]:number'
        '--resume[submit the parts that are missing]'
        '*--sbatch=[a further argument of sbatch]:argument'
        '--at-once=[how many parts may run at a time]:number'
        '*:list or directory:_files'
      )
      ;;
    batch-status)
      options=(
        '--help[show the options]'
        '--json[print JSON]'
        '--out=[the plan and all results]:folder:_files -/'
        '3:folder of the plan:_files -/'
      )
      ;;
    eval)
      options=(
        '--help[show the options]'
        {-j+,--jobs=}'[files at once]:number'
        '--json[print JSON]'
        {-m+,--model=}'[the model]:name or weights file:_genreclassify_models'
        '--plot=[draw the confusion matrix]:picture:_files -g "*.(svg|png)"'
        '2:directory sorted by genre:_files -/'
      )
      ;;
    help)
      options=('2:command:(batch eval learn models monitor serve train)')
      ;;
    learn)
      options=(
        '--audio=[tracks in FOLDER/LABEL/]:folder:_files -/'
        '--build=[build folder with genremel and libgenre]:folder:_files -/'
        '--force[replace the weights file]'
        '--groups=[whose track it is]:CSV:_files -g "*.csv"'
        {-h,--help}'[show the options]'
        '--init=[the model whose network it gets]:name or weights file:_genreclassify_models'
        '--license=[licence of the model]:SPDX'
        '--name=[name of the model]:name'
        '--out=[weights file to write]:weights file:_files'
        '--version=[version of the model]:version'
        '--work=[keep the networks of the cross-validation]:folder:_files -/'
        '2:folder with one for each label:_files -/'
      )
      ;;
    models)
      options=('--help[show the options]' '--json[print JSON]'
        '--names[print what --model takes]' '*:name or weights file:_genreclassify_models')
      ;;
    monitor)
      options=(
        '--db=[keep the records in a database]:database:_files'
        '--keep=[how long they are kept there]:days'
        '--every=[log a station without titles so often]:time'
        '--help[show the options]'
        '--json[print the records, not the table]'
        '--listen=[serve metrics for Prometheus]:address and port'
        {-l+,--log=}'[append the records to a file]:file:_files'
        '--min-title=[a title that stays for less is none]:time'
        {-m+,--model=}'[the model]:name or weights file:_genreclassify_models'
        '--mqtt=[publish the records]:URL of the broker'
        '--mqtt-ca=[certificates that are trusted]:file:_files'
        '--mqtt-credentials=[user name and password]:file:_files'
        '--mqtt-queue=[records that may wait for the broker]:number'
        '--per-process=[stations that one process decodes]:number'
        '--recorded[the stations are recordings]'
        '--start=[when the recordings begin]:time'
        '--rotate=[when another log is begun]:daily or a size:(daily)'
        '--silence=[silence of this length is reported]:time'
        '--threads=[threads that classify in each process]:number'
        '--window=[the audio that is classified at a time]:time'
        '2:list or URL:_genreclassify_stations'
        '*:list or URL:_files'
      )
      ;;
    monitor-report)
      options=(
        '--day=[the day]:day:(today yesterday)'
        '--db=[the history]:database:_files'
        '--help[show the options]'
        '--json[print JSON]'
        '--plot=[draw the day]:picture:_files -g "*.(svg|png)"'
        '--station=[the station]:id'
        '--utc[days and times are of UTC]'
      )
      ;;
    serve)
      options=(
        '--base-path=[the path below which a proxy shows it]:path'
        '*--bind=[the address to listen at]:address'
        '--client-timeout=[how long a client may keep waiting]:seconds'
        '--help[show the options]'
        {-j+,--jobs=}'[files at once]:number'
        '--keep-uploads=[how long an upload is kept]:seconds'
        '--log-file-names[also log the names of files]'
        '--log-format=[how requests are logged]:format:(json text none)'
        '--max-duration=[analyse only the middle]:seconds'
        '--max-size=[the largest file]:size'
        '--port=[the port]:port'
        '*--public-host=[a name that browsers know it by]:host:_hosts'
        '--queue=[files that may wait]:number'
        '--self-test[try what a worker must not be able to do]'
        '--socket-mode=[the permissions of Unix sockets]:mode'
        '--timeout=[give a file up after]:seconds'
        '--token=[what requests must bear]:token'
        '--token-file=[the same from a file]:file:_files'
        '*--trusted-proxy=[a proxy that is believed]:network'
      )
      ;;
    train)
      # those that its help has, with a value where one is named
      options=(
        ${(f)"$(_call_program options $words[1] train --help 2>/dev/null |
          sed -nE -e 's/^  (-h, )?(--[a-z0-9-]+) [A-Z{].*/*\2=:value:_files/p' \
            -e 't' -e 's/^  (-h, )?(--[a-z0-9-]+).*/\2/p')"}
      )
      ;;
    *)
      options=(
        '--append[add to the genres of the file]'
        '--cache=[keep the results]:cache:_files'
        '--cache-prune[forget files that are gone]'
        '--cache-root=[keep names relative to it]:directory:_files -/'
        {-n,--dry-run}'[show what would be written]'
        '--errors=[write the failures to a file]:file:_files'
        '--export=[print the whole cache]:format:(json csv)'
        '--files-from=[read names from a file]:file:_files'
        '--group=[one answer for an album]:what:(album)'
        '--genre-map=[write names of your own]:map:_files'
        {-h,--help}'[show the options]'
        '--help-all[show all options]'
        '--hop=[from one segment to the next]:seconds'
        '--force[write also into files that are cut off]'
        '--id3v23[write ID3v2.3]'
        {-j+,--jobs=}'[files at once]:number'
        '--json[print JSON Lines]'
        '--log=[log what is written]:file:_files'
        '--max-duration=[analyse only the middle]:seconds'
        '--max-failures=[failed files that are no failure]:number'
        '--min-confidence=[least probability of what is written]:probability'
        {-m+,--model=}'[the model]:name or weights file:_genreclassify_models'
        {-0,--null}'[names in lists end in NUL]'
        '--ok-if-failed[exit status 0 if files failed]'
        '--overwrite[replace the genre of the file]'
        '--placeholder=[genres that count as none]:names'
        '--plot=[draw the genres over time]:picture:_files -g "*.(svg|png)"'
        '--preserve-times[keep the times of the file]'
        {-q,--quiet}'[show no progress]'
        '--embedding[add a vector of the sound to the JSON]'
        '--segments[show every segment]'
        '--retries=[try again what may pass]:number'
        '--shard=[take one of several parts]:K/N:(auto)'
        '--shard-count=[how many parts there are]:number'
        '--shard-index=[take one of them, from 0]:number'
        '--strict[exit status 3 if files were skipped]'
        '--tags[show the tags of the model]'
        '--timeout=[give a file up after]:seconds'
        '--top=[genres to show]:number'
        '--undo=[undo what is logged]:log:_files'
        '--unordered[print results as they come]'
        {-v,--verbose}'[say more]'
        {-V,--version}'[show the version; with -v all parts and licences]'
        '--window=[length of a segment]:seconds'
        {-w,--write}'[write the genre into the files]'
        '--write-confidence[write model and confidence as well]'
        '--write-tags[write the tags of the model as further genres]'
        '--write-top=[write up to so many genres]:number'
        '1:file or command:_genreclassify_first'
        '*:file:_files'
      )
      ;;
  esac
  _arguments -s $options
}

_genreclassify_models() {
  local -a names=(${(f)"$(_call_program models $words[1] models --names 2>/dev/null)"})

  compadd -a names
  _files -g "*.safetensors"
}

_genreclassify_stations() {
  local -a commands=('report:tell what a station has played')

  _describe command commands
  _files
}

_genreclassify_first() {
  local -a commands=(
    'batch:do very many files on a cluster'
    'eval:measure the model on files sorted by genre'
    'help:show the options of a command'
    'learn:make a model of labels of your own'
    'models:list the models that are installed'
    'monitor:listen to radio stations'
    'serve:serve a page and a service over HTTP'
    'train:train a whole network'
  )

  _describe command commands
  _files
}

_genreclassify "$@"
