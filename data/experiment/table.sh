#!/bin/sh
# table.sh NAME=FILE[:WHAT[:METRIC[:PART]]]...: one line a name: the figure found in a table of sciml-eval (default: prediction,
# rel_l2, all) and, where FILE.tsv has a FILE.seconds or NAME.seconds beside it, the CPU seconds of its training.
printf 'name\tvalue\tseconds\n'
for item; do
	name=${item%%=*} rest=${item#*=}
	file=${rest%%:*}
	case $file in */*) folder=${file%/*} ;; *) folder=. ;; esac
	what=prediction metric=rel_l2 part=all
	case $rest in *:*)
		rest=${rest#*:} what=${rest%%:*}
		case $rest in *:*)
			rest=${rest#*:} metric=${rest%%:*}
			case $rest in *:*) part=${rest#*:} ;; esac ;;
		esac ;;
	esac
	value=$(awk -F '\t' -v what="$what" -v metric="$metric" -v part="$part" '
		$1 == what && $3 == metric && $4 == part { print $5; found = 1; exit }
		END { exit !found }' "$file") || {
		echo "table.sh: $file has no row $what $metric $part" >&2
		exit 1
	}
	seconds=-
	if test "$what" = prediction && test -f "$folder/$name.seconds"; then
		seconds=$(cat "$folder/$name.seconds")
	fi
	printf '%s\t%.6g\t%s\n' "$name" "$value" "$seconds"
done
