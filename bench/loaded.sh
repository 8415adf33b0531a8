#!/bin/sh
# loaded.sh: what a busy process on one of two processors costs a run of two threads. See README, "loaded".
#   CASES="fno2d" THREADS=2 ROUNDS=5 SECONDS_A_TURN=3 sh bench/loaded.sh
rounds=${ROUNDS:-5} seconds=${SECONDS_A_TURN:-3} threads=${THREADS:-2}
work=$(mktemp -d) || exit 1
busy= pid=
# shellcheck disable=SC2086
trap 'kill $busy $pid 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
OPENBLAS_NUM_THREADS=1
export OPENBLAS_NUM_THREADS
tick=$(getconf CLK_TCK)

used() # processor seconds of a process so far
{
	awk -v tick="$tick" '{ sub(/.*\) /, ""); printf "%.2f\n", ($12 + $13) / tick }' "/proc/$1/stat"
}

turn() # seconds and processor seconds of a unit
{
	echo "run $seconds" >&3
	read -r answer <&4
	echo "$answer"
}

printf 'case\tsize\tthreads\talone_s\tloaded_s\tgrowth\tlost\tforced\tgrowth_over_forced\talone_cpu_s\tloaded_cpu_s\n'
bench/sciml-bench | while IFS='	' read -r name size; do
	case " ${CASES:-fno2d} " in *" $name "*) ;; *) continue ;; esac
	rm -rf "$work/case" "$work/in" "$work/out"
	mkdir "$work/case" && mkfifo "$work/in" "$work/out" || exit 1
	taskset -c "0-$((threads - 1))" bench/sciml-bench "$name" "$work/case" "$threads" <"$work/in" >"$work/out" &
	pid=$!
	exec 3>"$work/in" 4<"$work/out"
	read -r ready <&4 || exit 1
	for _ in $(seq "$rounds"); do
		alone=$(turn)
		taskset -c "$((threads - 1))" sh -c 'while :; do :; done' &
		busy=$!
		before=$(used $busy) started=$(cut -d' ' -f1 /proc/uptime)
		loaded=$(turn)
		after=$(used $busy) ended=$(cut -d' ' -f1 /proc/uptime)
		kill $busy
		wait $busy 2>/dev/null
		busy=
		echo "$alone $loaded $before $after $started $ended"
	done | awk -v OFS='\t' -v name="$name" -v size="$size" -v n="$threads" '
		# the rounds with the shortest times: another process on the machine lengthens them, nothing shortens them
		NR == 1 || $1 < alone { alone = $1; alone_cpu = $2 }
		NR == 1 || $3 < loaded { loaded = $3; loaded_cpu = $4; lost = ($6 - $5) / (n * ($8 - $7)) }
		END {
			forced = 1 / (1 - lost); growth = loaded / alone
			print name, size, n, alone, loaded, growth, lost, forced, growth / forced, alone_cpu, loaded_cpu
		}'
	exec 3>&- 4<&-
	wait $pid
	pid=
done
