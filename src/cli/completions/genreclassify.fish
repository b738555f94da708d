# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of genreclassify for fish.

# Whether the command is one of these.
function __genreclassify_is
    set -l words (commandline -opc)
    set -l command "$words[2]"
    test "$command $words[3]" = 'monitor report'; and set command monitor-report
    test "$command" = batch; and set -q words[3]; and set command batch-$words[3]
    contains -- $command $argv
end

function __genreclassify_is_files
    not __genreclassify_is batch batch-cancel batch-merge batch-plan batch-run batch-slurm \
        batch-status eval help learn models monitor monitor-report serve train
end

function __genreclassify_models
    set -l words (commandline -opc)
    $words[1] models --names 2>/dev/null
end

# Those that its help has.
function __genreclassify_train
    set -l words (commandline -opc)
    $words[1] train --help 2>/dev/null | string match -rg '^  (?:-h, )?(--[a-z0-9-]+)'
end

set -l first 'test (count (commandline -opc)) -eq 1'
set -l first_of_monitor '__genreclassify_is monitor; and test (count (commandline -opc)) -eq 2'

complete -c genreclassify -n $first -a batch -d 'Do very many files on a cluster'
complete -c genreclassify -n '__genreclassify_is batch' -f -a 'cancel merge plan run slurm status'
complete -c genreclassify -n $first -a eval -d 'Measure the model on files sorted by genre'
complete -c genreclassify -n $first -a help -d 'Show the options of a command'
complete -c genreclassify -n $first -a learn -d 'Make a model of labels of your own'
complete -c genreclassify -n $first -a models -d 'List the models that are installed'
complete -c genreclassify -n $first -a monitor -d 'Listen to radio stations'
complete -c genreclassify -n $first_of_monitor -a report -d 'Tell what a station has played'
complete -c genreclassify -n $first -a serve -d 'Serve a page and a service over HTTP'
complete -c genreclassify -n $first -a train -d 'Train a whole network'
complete -c genreclassify -n '__genreclassify_is help' -f -a 'batch eval learn models monitor serve train'
complete -c genreclassify -n '__genreclassify_is models' -a '(__genreclassify_models)'
complete -c genreclassify -n '__genreclassify_is models' -l names -d 'Print what --model takes'
complete -c genreclassify -n '__genreclassify_is monitor-report' -f
complete -c genreclassify -n '__genreclassify_is serve' -f

complete -c genreclassify -s h -l help -d 'Show the options'
complete -c genreclassify -n __genreclassify_is_files -l json -d 'Print JSON'
complete -c genreclassify -n '__genreclassify_is batch-status eval models monitor monitor-report' -l json -d 'Print JSON'
complete -c genreclassify -n __genreclassify_is_files -s j -l jobs -x -d 'Files at once'
complete -c genreclassify -n '__genreclassify_is eval serve' -s j -l jobs -x -d 'Files at once'
complete -c genreclassify -n __genreclassify_is_files -s m -l model -r -a '(__genreclassify_models)' -d 'Name or weights file'
complete -c genreclassify -n '__genreclassify_is eval monitor' -s m -l model -r -a '(__genreclassify_models)' -d 'Name or weights file'
complete -c genreclassify -n __genreclassify_is_files -l plot -r -d 'Draw a picture, .svg or .png'
complete -c genreclassify -n '__genreclassify_is eval monitor-report' -l plot -r -d 'Draw a picture, .svg or .png'
complete -c genreclassify -n __genreclassify_is_files -l append -d 'Add to the genres of the file'
complete -c genreclassify -n __genreclassify_is_files -l cache -r -d 'Keep the results'
complete -c genreclassify -n __genreclassify_is_files -l cache-prune -d 'Forget files that are gone'
complete -c genreclassify -n __genreclassify_is_files -l cache-root -x -a '(__fish_complete_directories)' -d 'Keep names relative to it'
complete -c genreclassify -n __genreclassify_is_files -s n -l dry-run -d 'Show what would be written'
complete -c genreclassify -n __genreclassify_is_files -l errors -r -d 'Write the failures to a file'
complete -c genreclassify -n __genreclassify_is_files -l export -x -a 'json csv' -d 'Print the whole cache'
complete -c genreclassify -n __genreclassify_is_files -l files-from -r -d 'Read names from a file'
complete -c genreclassify -n __genreclassify_is_files -l genre-map -r -d 'Write names of your own'
complete -c genreclassify -n __genreclassify_is_files -l group -x -a album -d 'One answer for an album'
complete -c genreclassify -n __genreclassify_is_files -l help-all -d 'Show all options'
complete -c genreclassify -n __genreclassify_is_files -l hop -x -d 'Seconds from one segment to the next'
complete -c genreclassify -n __genreclassify_is_files -l force -d 'Write also into files that are cut off'
complete -c genreclassify -n __genreclassify_is_files -l id3v23 -d 'Write ID3v2.3'
complete -c genreclassify -n __genreclassify_is_files -l log -r -d 'Log what is written'
complete -c genreclassify -n __genreclassify_is_files -l max-duration -x -d 'Analyse only so many seconds'
complete -c genreclassify -n __genreclassify_is_files -l max-failures -x -d 'Failed files that are no failure'
complete -c genreclassify -n __genreclassify_is_files -l min-confidence -x -d 'Least probability of what is written'
complete -c genreclassify -n __genreclassify_is_files -s 0 -l null -d 'Names in lists end in NUL'
complete -c genreclassify -n __genreclassify_is_files -l ok-if-failed -d 'Exit status 0 if files failed'
complete -c genreclassify -n __genreclassify_is_files -l overwrite -d 'Replace the genre of the file'
complete -c genreclassify -n __genreclassify_is_files -l placeholder -x -d 'Genres that count as none'
complete -c genreclassify -n __genreclassify_is_files -l preserve-times -d 'Keep the times of the file'
complete -c genreclassify -n __genreclassify_is_files -s q -l quiet -d 'Show no progress'
complete -c genreclassify -n __genreclassify_is_files -l embedding -d 'Add a vector of the sound to the JSON'
complete -c genreclassify -n __genreclassify_is_files -l segments -d 'Show every segment'
complete -c genreclassify -n __genreclassify_is_files -l retries -x -d 'Try again what may pass'
complete -c genreclassify -n __genreclassify_is_files -l shard -x -a auto -d 'Take part K of N'
complete -c genreclassify -n __genreclassify_is_files -l shard-count -x -d 'How many parts there are'
complete -c genreclassify -n __genreclassify_is_files -l shard-index -x -d 'Take one of them, from 0'
complete -c genreclassify -n __genreclassify_is_files -l strict -d 'Exit status 3 if files were skipped'
complete -c genreclassify -n __genreclassify_is_files -l tags -d 'Show the tags of the model'
complete -c genreclassify -n __genreclassify_is_files -l timeout -x -d 'Seconds until a file is given up'
complete -c genreclassify -n __genreclassify_is_files -l top -x -d 'Genres to show'
complete -c genreclassify -n __genreclassify_is_files -l undo -r -d 'Undo what is logged'
complete -c genreclassify -n __genreclassify_is_files -l unordered -d 'Print results as they come'
complete -c genreclassify -n __genreclassify_is_files -s v -l verbose -d 'Say more'
complete -c genreclassify -n __genreclassify_is_files -s V -l version -d 'Show the version; with -v all parts and licences'
complete -c genreclassify -n __genreclassify_is_files -l window -x -d 'Seconds in a segment'
complete -c genreclassify -n __genreclassify_is_files -s w -l write -d 'Write the genre into the files'
complete -c genreclassify -n __genreclassify_is_files -l write-confidence -d 'Write model and confidence as well'
complete -c genreclassify -n __genreclassify_is_files -l write-tags -d 'Write the tags of the model as further genres'
complete -c genreclassify -n __genreclassify_is_files -l write-top -x -d 'Write up to so many genres'

complete -c genreclassify -n '__genreclassify_is monitor monitor-report' -l db -r -d 'A database of the records'
complete -c genreclassify -n '__genreclassify_is monitor' -l keep -x -d 'How many days they are kept there'
complete -c genreclassify -n '__genreclassify_is monitor' -l every -x -d 'How often a station without titles is logged'
complete -c genreclassify -n '__genreclassify_is monitor' -l listen -x -d 'Where metrics for Prometheus are served'
complete -c genreclassify -n '__genreclassify_is monitor' -s l -l log -r -d 'Append the records to a file'
complete -c genreclassify -n '__genreclassify_is monitor' -l min-title -x -d 'A title that stays for less is none'
complete -c genreclassify -n '__genreclassify_is monitor' -l mqtt -x -d 'Publish the records'
complete -c genreclassify -n '__genreclassify_is monitor' -l mqtt-ca -r -d 'Certificates that are trusted'
complete -c genreclassify -n '__genreclassify_is monitor' -l mqtt-credentials -r -d 'User name and password'
complete -c genreclassify -n '__genreclassify_is monitor' -l mqtt-queue -x -d 'Records that may wait for the broker'
complete -c genreclassify -n '__genreclassify_is monitor' -l per-process -x -d 'Stations that one process decodes'
complete -c genreclassify -n '__genreclassify_is monitor' -l recorded -d 'The stations are recordings'
complete -c genreclassify -n '__genreclassify_is monitor' -l start -x -d 'When the recordings begin'
complete -c genreclassify -n '__genreclassify_is monitor' -l rotate -x -a daily -d 'When another log is begun'
complete -c genreclassify -n '__genreclassify_is monitor' -l silence -x -d 'Silence of this length is reported'
complete -c genreclassify -n '__genreclassify_is monitor' -l threads -x -d 'Threads that classify in each process'
complete -c genreclassify -n '__genreclassify_is monitor' -l window -x -d 'The audio that is classified at a time'
complete -c genreclassify -n '__genreclassify_is monitor-report' -l day -x -a 'today yesterday' -d 'The day'
complete -c genreclassify -n '__genreclassify_is monitor-report' -l station -x -d 'The station'
complete -c genreclassify -n '__genreclassify_is monitor-report' -l utc -d 'Days and times are of UTC'

complete -c genreclassify -n '__genreclassify_is serve' -l base-path -x -d 'The path below which a proxy shows it'
complete -c genreclassify -n '__genreclassify_is serve' -l bind -x -d 'The address to listen at'
complete -c genreclassify -n '__genreclassify_is serve' -l client-timeout -x -d 'Seconds that a client may keep waiting'
complete -c genreclassify -n '__genreclassify_is serve' -l keep-uploads -x -d 'Seconds that an upload is kept'
complete -c genreclassify -n '__genreclassify_is serve' -l log-file-names -d 'Also log the names of files'
complete -c genreclassify -n '__genreclassify_is serve' -l log-format -x -a 'json text none' -d 'How requests are logged'
complete -c genreclassify -n '__genreclassify_is serve' -l max-duration -x -d 'Analyse only so many seconds'
complete -c genreclassify -n '__genreclassify_is serve' -l max-size -x -d 'The largest file'
complete -c genreclassify -n '__genreclassify_is serve' -l port -x -d 'The port'
complete -c genreclassify -n '__genreclassify_is serve' -l public-host -x -d 'A name that browsers know it by'
complete -c genreclassify -n '__genreclassify_is serve' -l queue -x -d 'Files that may wait'
complete -c genreclassify -n '__genreclassify_is serve' -l self-test -d 'Try what a worker must not be able to do'
complete -c genreclassify -n '__genreclassify_is serve' -l socket-mode -x -d 'The permissions of Unix sockets'
complete -c genreclassify -n '__genreclassify_is serve' -l timeout -x -d 'Seconds until a file is given up'
complete -c genreclassify -n '__genreclassify_is serve' -l token -x -d 'What requests must bear'
complete -c genreclassify -n '__genreclassify_is serve' -l token-file -r -d 'The same from a file'
complete -c genreclassify -n '__genreclassify_is serve' -l trusted-proxy -x -d 'A proxy that is believed'

complete -c genreclassify -n '__genreclassify_is learn' -l audio -x -a '(__fish_complete_directories)' -d 'Tracks in FOLDER/LABEL/'
complete -c genreclassify -n '__genreclassify_is learn' -l build -x -a '(__fish_complete_directories)' -d 'Build folder with genremel and libgenre'
complete -c genreclassify -n '__genreclassify_is learn' -l force -d 'Replace the weights file'
complete -c genreclassify -n '__genreclassify_is learn' -l groups -r -d 'Whose track it is'
complete -c genreclassify -n '__genreclassify_is learn' -l init -r -a '(__genreclassify_models)' -d 'The model whose network it gets'
complete -c genreclassify -n '__genreclassify_is learn' -l license -x -d 'Licence of the model'
complete -c genreclassify -n '__genreclassify_is learn' -l name -x -d 'Name of the model'
complete -c genreclassify -n '__genreclassify_is learn' -l out -r -d 'Weights file to write'
complete -c genreclassify -n '__genreclassify_is learn' -l version -x -d 'Version of the model'
complete -c genreclassify -n '__genreclassify_is learn' -l work -x -a '(__fish_complete_directories)' -d 'Keep the networks of the cross-validation'
complete -c genreclassify -n '__genreclassify_is train' -a '(__genreclassify_train)'

complete -c genreclassify -n '__genreclassify_is batch-plan batch-slurm' -s 0 -l null -d 'Names in lists end in NUL'
complete -c genreclassify -n '__genreclassify_is batch-cancel batch-merge batch-plan batch-run batch-slurm batch-status' -l out -x -a '(__fish_complete_directories)' -d 'The plan and all results'
complete -c genreclassify -n '__genreclassify_is batch-plan batch-slurm' -l parts -x -d 'How many parts to make'
complete -c genreclassify -n '__genreclassify_is batch-slurm' -s n -l dry-run -d 'Print the script, submit nothing'
complete -c genreclassify -n '__genreclassify_is batch-slurm' -l resume -d 'Submit the parts that are missing'
complete -c genreclassify -n '__genreclassify_is batch-slurm' -l sbatch -x -d 'A further argument of sbatch'
complete -c genreclassify -n '__genreclassify_is batch-slurm' -l at-once -x -d 'How many parts may run at a time'
complete -c genreclassify -n '__genreclassify_is batch-run' -l part -x -a auto -d 'Which part, from 0'
complete -c genreclassify -n '__genreclassify_is batch-merge' -l no-cache -d 'Leave the caches of the parts as they are'
