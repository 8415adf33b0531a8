#!/bin/sh
# mkman.sh TOOL FILE.x: the manual page: what the tool prints with --man, and the hand-written sections of FILE.x. There,
# "[SECTION]" on a line of its own opens a section; text of a section that the tool prints too is put at its end, others go
# before EXIT STATUS, in the order of the file. Lines that start with .\" before the first section are dropped.
tool=$1 extra=$2
case $tool in
*/*) ;;
*) tool=./$tool ;;
esac
page=$("$tool" --man) || exit 1
printf '%s\n' "$page" | awk -v extra="$extra" '
function put_rest(i) {
	for (i = 1; i <= n; i++)
		if (!done[i] && !generated[name[i]]) {
			done[i] = 1
			print ".SH " name[i]
			printf "%s", text[i]
		}
}
function end_section(i) {
	for (i = 1; i <= n; i++)
		if (!done[i] && name[i] == current) {
			done[i] = 1
			printf "%s", text[i]
		}
}
BEGIN {
	while ((status = (getline line < extra)) > 0) {
		if (line ~ /^\[[A-Z ]+\]$/)
			name[++n] = substr(line, 2, length(line) - 2)
		else if (n > 0)
			text[n] = text[n] line "\n"
		else if (line !~ /^\.\\"/ && line != "") {
			print extra ": text before the first [SECTION]" > "/dev/stderr"
			exit failed = 1
		}
	}
	if (status < 0) {
		print extra ": cannot be read" > "/dev/stderr"
		exit failed = 1
	}
}
{ line_of[NR] = $0 }
/^\.SH / { generated[substr($0, 5)] = 1 }
END {
	if (failed)
		exit 1
	for (k = 1; k <= NR; k++) {
		if (line_of[k] ~ /^\.SH /) {
			end_section()
			current = substr(line_of[k], 5)
			if (current == "EXIT STATUS")
				put_rest()
		}
		print line_of[k]
	}
	end_section()
	put_rest()
}'
