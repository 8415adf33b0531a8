# form.awk: of the text that sciml-train symbolic-ode prints: |b - 1| of x1/(b + x1) and -(x0/(b + x0)), in the law and among the
# trees of 5 nodes before the numbers were tuned; 99 for another form.
function off(text, x,	b) {
	gsub(/ /, "", text)
	if (text !~ "^-?\\(?" x "/\\((" x "\\+[0-9.]+|[0-9.]+\\+" x ")\\)\\)?$")
		return 99
	if ((text ~ /^-/) != (x == "u0"))
		return 99
	sub(/^[^\/]*\//, "", text)
	gsub("[()+]|" x, "", text)
	b = text - 1
	return b < 0 ? -b : b
}
BEGIN { law["u0"] = law["u1"] = raw["u0"] = raw["u1"] = 99 }
/^# u/ { split($0, f, "\t"); if (f[2] == 5) raw[substr(f[1], 3)] = off(f[5], f[1] == "# u0" ? "u1" : "u0") }
/^    - "u[01]_t = / { t = $0; sub(/^[^=]*= /, "", t); sub(/"$/, "", t); v = substr($2, 2, 2); law[v] = off(t, v == "u0" ? "u1" : "u0") }
END {
	for (k = 0; k < 2; k++)
		printf "b%d_off\t%.9g\t-\nraw_b%d_off\t%.9g\t-\n", k, law["u" k], k, raw["u" k]
}
