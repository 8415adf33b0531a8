#!/bin/sh
# mkexperiment.sh TEMPLATE FOLDER: TEMPLATE with each line "@keys TOOL NAME" replaced by the text under ".SS NAME" of FOLDER/TOOL.1.
template=$1 folder=$2
awk -v folder="$folder" '
$1 == "@keys" {
	page = folder "/" $2 ".1"
	inside = found = 0
	while ((status = (getline line < page)) > 0) {
		if (line ~ /^\.S[SH] /)
			inside = line == ".SS " $3
		else if (inside && line !~ /^\.PP$/ && line !~ /^Keys of section/) {
			print line
			found = 1
		}
	}
	close(page)
	if (!found) {
		print page ": says nothing of " $3 > "/dev/stderr"
		failed = 1
		exit
	}
	next
}
{ print }
END { exit failed }' "$template"
