#!/bin/sh
# judge.sh EXPERIMENT TABLE CONDITION...: print the table, then say of every condition, an expression of awk in the names of
# the table ("fno <= 0.12", "convnet >= 3 * fno", "a_seconds <= b_seconds"), whether it holds. Status 3 if one does not. The same
# as lines for RESULTS.tsv (system, command, figure, bound, baseline, seconds, commit) goes to results.tsv beside the table.
experiment=$1 table=$2
shift 2
cat "$table"
commit=${COMMIT:-$(git -C "${0%/*}" describe --always --dirty 2>/dev/null)}
test -n "$commit" || commit=$(sciml-train --version | awk 'NR == 1 { print $NF }')
printf '%s\n' "$@" | awk -F '\t' -v table="$table" -v experiment="$experiment" -v seed="$SEED" -v commit="$commit" \
	-v results="${table%/*}/results.tsv" '
BEGIN {
	while ((getline <table) > 0)
		if (NF >= 2) {
			value[$1] = $2
			seconds[$1] = $3
			if ($3 != "-")
				value[$1 "_seconds"] = $3
		}
	quick = table ~ /\/quick\// ? " quick" : ""
	printf "" >results
}
{
	rest = $0
	program = figures = baseline = ""
	first = ""
	while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
		word = substr(rest, RSTART, RLENGTH)
		# e of 1e-3
		if (RSTART > 1 && substr(rest, RSTART - 1, 1) ~ /[0-9.]/) {
			program = program substr(rest, 1, RSTART + RLENGTH - 1)
			rest = substr(rest, RSTART + RLENGTH)
			continue
		}
		if (!(word in value)) {
			print "judge.sh: no figure " word > "/dev/stderr"
			bad = 1
			exit
		}
		if (first == "")
			first = word
		else if (baseline == "")
			baseline = word "=" value[word]
		if (index(figures " ", " " word "=") == 0)
			figures = figures " " word "=" value[word]
		program = program substr(rest, 1, RSTART - 1) value[word]
		rest = substr(rest, RSTART + RLENGTH)
	}
	program = program rest
	# nan and inf meet no bound; awk would read them as variables
	holds = figures !~ /=[-+]?[a-z]/ && system("awk \"BEGIN { exit !(" program ") }\"") == 0
	printf "%s\t%s\t(%s)\n", holds ? "holds" : "FAILS", $0, substr(figures, 2)
	printf "%s\tmake -C data/experiment/%s%s SEED=%s\t%s=%s\t%s%s\t%s\t%s\t%s\n", experiment, experiment, quick, seed, first,
		value[first], $0, holds ? "" : " (FAILS)", baseline == "" ? "-" : baseline, seconds[first], commit >results
	bad = bad || !holds
}
END { exit bad ? 3 : 0 }'
