#!/bin/sh
# diffusion.sh: sampling of mixtures from the command line: keys of the mixture, model calls, threads, messages.
. "${srcdir:-.}/tests/init.sh"

cat >mix.yaml <<'END'
sample:
  name: diffusion
  method: f-pndm
  schedule: discrete
  times: uniform
  steps: 20
  means: [[-2, 0], [2, 0.5], [0, 3]]
  covariances: [[[1, 0.5], [0.5, 1]], [[0.2, 0], [0, 0.3]], [[0.1, 0], [0, 0.1]]]
  weights: [1, 2, 3]
END
run_status 0 sciml-sample mix.yaml -n 130 -j 1 -o one.h5
run_status 0 sciml-sample mix.yaml -n 130 -j 3 -o three.h5
cmp one.h5 three.h5 || fail 'threads change the samples'
for spec in 'edm-heun edm' 'ddim flow-linear' 'euler flow-linear' 'interpolant-em flow-trig' 'dpm-solver-23 vp-cosine' 'euler-maruyama ou'
do
	run_status 0 sciml-sample diffusion -n 3 -s "sample.method=${spec% *}" -s "sample.schedule=${spec#* }" -o a.h5
done
run_status 0 sciml-sample diffusion -n 3 -s 'sample.means=[-1, 0, 2]' -s sample.stds=0.1 -o a.h5
run_status 0 sciml-sample --describe diffusion
check_grep '^  dpm-solver++2m  *two steps of the data form' out

run_error 2 "method: no method 'dpm-solver++2n', did you mean 'dpm-solver++2" sciml-sample diffusion -s sample.method=dpm-solver++2n
run_error 2 'weights: 3 numbers for 2 components' sciml-sample mix.yaml -s 'sample.means=[[1, 2], [3, 4]]'
run_error 2 'means, number 2: a list of 1, not of 2' sciml-sample diffusion -s 'sample.means=[[1, 2], [3]]'
run_error 2 'means, number 2: not a list of 2' sciml-sample diffusion -s 'sample.means=[[1, 2], 3]'
run_error 2 'means, number 2: a is not a number' sciml-sample diffusion -s 'sample.means=[1, a]'
run_error 2 'stds: -1 is negative' sciml-sample diffusion -s 'sample.means=[1, 2]' -s sample.stds=-1
run_error 2 'stds: without means' sciml-sample diffusion -s sample.stds=1
run_error 2 'covariances: and stds: one of them' sciml-sample mix.yaml -s sample.stds=1
run_error 2 'covariance 0 is not symmetric' sciml-sample diffusion -s 'sample.means=[[1, 2]]' -s 'sample.covariances=[[[1, 0], [1, 1]]]'
run_error 2 'needs a finite log-SNR' sciml-sample diffusion -s sample.schedule=flow-linear -s sample.T=1
run_error 2 'steps: 1 leave none' sciml-sample diffusion -s sample.steps=1 -s sample.denoise=true
run_error 2 'schedule vp-cosine needs' sciml-sample diffusion -s sample.schedule=vp-cosine -s sample.T=1
run_status 0 sciml-sample toy -n 9 --shard 1/2 --dry-run
check_grep '^# shard 1/2: draws 4 to 8$' out
exit 0
