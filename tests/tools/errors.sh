#!/bin/sh
# errors.sh: wrong input: one clear line, the right status, nothing lost, nothing left behind.
. "${srcdir:-.}/tests/init.sh"

run_status 0 sciml-gen burgers -s problem.grid=32 -s problem.solve_grid=64 -n 24 -o d.h5
fno="-s model.width=4 -s model.modes=4 -s model.layers=1 -s train.epochs=1"
run_status 0 sciml-train fno d.h5 $fno -o m.h5
run_status 0 sciml-solve m.h5 d.h5:test -o p.h5
cp m.h5 m.before

# Files.
run_error 1 'none.h5' sciml-train fno none.h5 -o x.h5
run_error 1 'none.h5' sciml-solve m.h5 none.h5 -o x.h5
head -c 5000 d.h5 >short.h5
run_error 1 'short.h5' sciml-train fno short.h5 -o x.h5
run_error 1 'short.h5' sciml-eval short.h5 d.h5
echo 'not HDF5' >text.h5
run_error 2 'text.h5' sciml-train fno text.h5 -o x.h5
head -c 4000 m.h5 >short-model.h5
run_error 1 'short-model.h5' sciml-solve short-model.h5 d.h5 -o x.h5

# Names and shapes.
run_error 2 "no field 'ua'" sciml-train fno d.h5 -s data.target=ua -o x.h5
run_error 2 "no split 'nowhere'" sciml-train fno d.h5:nowhere -o x.h5
run_error 2 "0-999" sciml-train fno d.h5:0-999 -o x.h5
run_error 2 "model.modes" sciml-train fno d.h5 -s model.modes=40 -o x.h5
run_error 2 "model.levels" sciml-train unet d.h5 -s model.levels=6 -o x.h5
run_status 0 sciml-gen darcy -s problem.grid=8 -s problem.solve_grid=15 -n 3 -o two.h5
run_error 2 'the model was trained for' sciml-solve m.h5 two.h5 -o x.h5
run_error 2 'd.h5: holds data, objective physics needs a problem' sciml-train pinn d.h5 -o x.h5
run_error 2 'refine: 1000000 x 1000000 x 100000 cells refined 64 times along each axis are 2.62e+22, too many' \
	sciml-gen compressible -s problem.dims=3 -s problem.grid='[1000000,1000000,100000]' -s problem.refine=64 -o x.h5
run_error 2 'no problem' sciml-gen burger -o x.h5
grep -q "did you mean 'burgers'" err || fail "no hint for a misspelt problem"
printf 'problem:\n  text: "u_t = u_xx"\n' >nameless.yaml
run_error 2 'key equation gives one' sciml-gen nameless.yaml -o x.h5
run_error 2 'no model' sciml-train fni d.h5 -o x.h5

# Configuration.
cat >bad.yaml <<'END'
model:
  name: fno
  mode: 12
END
run_error 2 "bad.yaml:3" sciml-train bad.yaml d.h5 -o x.h5
grep -q "'modes'" err || fail "no hint for the misspelt key"
printf 'model: {name: fno}\ntrain:\n  epochs: ten\n' >bad.yaml
run_error 2 'bad.yaml:3' sciml-train bad.yaml d.h5 -o x.h5
printf 'model: {name: fno}\ntrain:\n  lr: -1\n' >bad.yaml
run_error 2 'bad.yaml:3' sciml-train bad.yaml d.h5 -o x.h5
printf 'model: {name: fno}\nmodel: {name: unet}\n' >bad.yaml
run_error 2 'bad.yaml:2' sciml-train bad.yaml d.h5 -o x.h5
printf 'model: !!python/object:os.system {name: fno}\n' >bad.yaml
run_error 2 'bad.yaml:1' sciml-train bad.yaml d.h5 -o x.h5
printf 'modle: {name: fno}\n' >bad.yaml
run_error 2 "bad.yaml:1: modle: unknown section; did you mean 'model'?" sciml-train bad.yaml d.h5 -o x.h5
printf 'gen: {samples: 2}\nproblme: {name: heat}\n' >bad.yaml
run_error 2 "bad.yaml:2: problme: unknown section; did you mean 'problem'?" sciml-gen bad.yaml -o x.h5
run_error 2 'train.epochs' sciml-train fno d.h5 -s train.epochs=0 -o x.h5
run_error 2 'samples' sciml-gen burgers -n -4 -o x.h5

# Output.
run_error 1 'nowhere/x.h5' sciml-gen burgers -n 2 -o nowhere/x.h5
mkdir locked && chmod a-w locked
if test "$(id -u)" != 0; then
	run_status 1 sciml-gen burgers -n 2 -o locked/x.h5
	check_lines err 1
fi
# A full disk: files may not grow beyond 64 kB here (512-byte units); the old file stays.
cp d.h5 full.h5
(
	ulimit -f 128
	sciml-gen burgers -s problem.grid=128 -n 600 -o full.h5 2>err
	test $? -eq 1 || exit 1
) || fail "a full disk is not status 1"
check_lines err 1
check_same d.h5 full.h5
test "$(ls -A | grep -c 'full.h5.')" -eq 0 || fail "a full disk leaves $(ls -A | grep 'full.h5.')"
if test -w /dev/full; then
	run_error 1 'standard output' sh -c 'sciml-gen --list >/dev/full'
	run_status 1 sh -c 'sciml-gen burgers -n 2 -o - >/dev/full'
	check_lines err 1
fi
test ! -e x.h5 || fail "a failed command left its output"
check_same m.h5 m.before

# What is read is never written: another name is asked for, and the file stays.
run_status 0 sciml-sample toy -n 40 -o toy.h5
run_status 0 sciml-train ddpm-mlp toy.h5 -s train.epochs=1 -s model.width=4 -o drawn.h5
printf 'problem: {name: heat, grid: 8}\n' >heat.yaml
cat >from.yaml <<'END'
problem:
  equation: "u_t = 0.1*u_xx"
  domain: {x: [0, 1], t: [0, 0.1]}
  initial: {u: {file: d.h5, field: a, repeat: true}}
  grid: 32
END
ln d.h5 same.h5
for file in d.h5 m.h5 p.h5 drawn.h5 heat.yaml from.yaml; do
	cp $file $file.kept
done
both='both read and written'
run_error 2 "d.h5: $both" sciml-train fno d.h5 $fno -o same.h5
run_error 2 "d.h5: $both" sciml-train fno d.h5 $fno -o x.h5 --log same.h5
run_error 2 "p.h5: $both" sciml-train fno d.h5 $fno --valid p.h5 -o x.h5 --log p.h5
run_error 2 'x.h5: --log and --output name the same file' sciml-train fno d.h5 $fno -o x.h5 --log x.h5
run_error 2 "m.h5: $both" sciml-solve m.h5 d.h5:test -o m.h5
run_error 2 "drawn.h5: $both" sciml-sample drawn.h5 -n 2 -o drawn.h5
run_error 2 "heat.yaml: $both" sciml-gen heat.yaml -n 2 -o heat.yaml
run_error 2 "d.h5: $both" sciml-gen from.yaml -n 2 -o d.h5
run_error 2 "p.h5: $both" sciml-eval p.h5 d.h5:test -o p.h5
cp p.h5 p.png
run_error 2 "p.png: $both" sciml-eval p.png d.h5:test --plot p.png
# Names without dot or slash are files too; in front they may be those of members.
cp d.h5 plain
run_error 2 "plain: $both" sciml-train fno plain $fno -o x.h5 --log plain
run_error 2 "plain: $both" sciml-eval convert --layout native plain -o plain
run_error 2 "plain: $both" sciml-eval plain -o plain
check_same d.h5 plain
for file in d.h5 m.h5 p.h5 drawn.h5 heat.yaml from.yaml; do
	check_same $file $file.kept
done
rm same.h5 plain

# Sections of -s are read before what the model file says.
run_error 2 "moddel: unknown section; did you mean 'model'?" sciml-solve m.h5 d.h5:test -s moddel.width=3 -o x.h5
run_error 2 "smaple: unknown section; did you mean 'sample'?" sciml-sample drawn.h5 -n 2 -s smaple.steps=3 -o x.h5

# A model's shapes are checked before anything relies on them.
cp m.h5 shapes.h5
poison shapes.h5 spec 0 || fail "poison"
run_error 1 'number 0 of /spec' sciml-solve shapes.h5 d.h5:test -o x.h5

# NaN in data is named by sample.
run_status 0 sciml-gen burgers -s problem.grid=32 -s problem.solve_grid=64 -n 24 -s gen.real=float64 -o nan.h5
poison nan.h5 data/a 7 || fail "poison"
run_error 1 'sample 7' sciml-train fno nan.h5 $fno -o x.h5
grep -q "'a'" err || grep -q 'a:' err || grep -q '/a' err || fail "the field is not named"

# Sizes that no machine has are told before anything is allocated, also where their product does not fit into 64 bits.
big="navier-stokes -s problem.grid=65536 -s problem.solve_grid=65536 -s problem.frames=1000000"
run_error 1 'u claims 4.29e+15 elements' sciml-gen $big -n 2 -o x.h5
run_error 1 'u claims 1e+18 elements' sciml-sample grf -s sample.dims=3 -s sample.grid=1000000 -n 1 -o x.h5
run_error 1 'bytes need' sciml-sample mcmc -s sample.draws=1000000000 -n 3 -o x.h5
no_leftovers .
