#!/bin/sh
# completion.sh: the completions as built, loaded into bash as a user's shell does it: options, names, names after --describe, files.
. "${srcdir:-.}/tests/init.sh"
command -v bash >/dev/null || skip 'no bash'
cat >complete.bash <<'END'
tool=$1
. "$abs_top_builddir/man/completion/$tool" || exit 1
complete -p "$tool" || exit 1
function=$(complete -p "$tool" | sed 's/.*-F \([^ ]*\) .*/\1/')
shift
COMP_WORDS=("$tool" "$@")
COMP_CWORD=$#
"$function" "$tool" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
END
export abs_top_builddir
# offers WORD TOOL TYPED...: among the words offered for the last of TYPED is WORD.
offers()
{
	word=$1
	shift
	run_status 0 bash complete.bash "$@"
	grep -qxF -e "$word" out || fail "'$word' is not offered for: $*"
	test ! -s err || fail "bash complains: $*"
}
for tool in gen train solve sample eval; do
	offers --threads sciml-$tool --thr
	offers --version sciml-$tool --
done
: >burgers.h5
offers burgers sciml-gen bur
offers navier-stokes sciml-gen --describe nav
offers --shard sciml-gen burgers --sh
offers fno sciml-train f
offers burgers.h5 sciml-train fno burg
offers burgers.h5 sciml-solve -o bur
offers grf sciml-sample g
offers rel_l2 sciml-eval --describe rel_l
offers train sciml-train --describe tr
run_status 0 bash complete.bash sciml-train fno --sh
grep -q shard out && fail 'an option is offered that the tool does not have'
exit 0
