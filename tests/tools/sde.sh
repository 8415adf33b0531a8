#!/bin/sh
# sde.sh: stochastic equations from the command line: methods on one path, adaptive steps, chains, neural SDEs trained and drawn
# from.
. "${srcdir:-.}/tests/init.sh"

# Finer steps come closer to the same path, by any method; threads change nothing.
path='sciml-sample sde-path -q -n 200 --seed 3 -s sample.process=gbm -s sample.frames=4 -s sample.tolerance=1e-4'
for run in 'srk 256' 'milstein 4' 'milstein 64' 'heun 64'; do
	set -- $run
	run_status 0 $path -s sample.method=$1 -s sample.steps=$2 -o $1-$2.h5
done
run_status 0 $path -s sample.method=milstein -s sample.steps=64 -j 3 -o three.h5
cmp milstein-64.h5 three.h5 || fail 'threads change the paths'
run_status 0 sciml-eval milstein-64.h5 srk-256.h5 --metric rel_l2 --below rel_l2=0.01
run_status 0 sciml-eval heun-64.h5 srk-256.h5 --metric rel_l2 --below rel_l2=0.01
run_status 0 sciml-eval milstein-4.h5 srk-256.h5 --metric rel_l2 --above rel_l2=0.01
run_status 0 $path -s sample.method=spark -s sample.rtol=1e-3 -s sample.atol=1e-3 -o adaptive.h5
run_status 0 sciml-eval adaptive.h5 srk-256.h5 --metric rel_l2 --below rel_l2=0.03
run_status 0 sciml-gen cir -n 3 -s problem.method=heun -s problem.atol=1e-2 -o cir.h5

# The square-root process: splitting with steps that follow the state comes to where small steps of another method come
cir='sciml-sample sde-path -q -n 40 --seed 3 -s sample.process=cir -s sample.level=1 -s sample.sigma=2 -s sample.frames=2 -s sample.tolerance=1e-5'
run_status 0 $cir -s sample.method=milstein -s sample.steps=2048 -o fine.h5
run_status 0 $cir -s sample.method=splitting -s sample.atol=0.02 -o split.h5
run_status 0 sciml-eval split.h5 fine.h5 --metric mse --below mse=1e-3
run_error 2 'needs sigma^2 <= 4 rate level' $cir -s sample.method=splitting -s sample.level=0.9 -o a.h5
run_error 2 'atol: adaptive steps of method splitting' $cir -s sample.method=splitting -s sample.rtol=1e-2 -o a.h5
run_error 2 'no length of steps is known' sciml-gen gbm -n 1 -s problem.method=splitting -s problem.atol=0.1 -o a.h5
run_error 2 'solutions in closed form' sciml-gen ou-trend -n 1 -s problem.method=splitting -o a.h5
run_error 2 'shark needs additive noise' sciml-gen gbm -n 1 -s problem.method=shark -o a.h5
run_status 0 sciml-gen gbm -n 2 -s problem.method=spark -s problem.rtol=1e-3 -s problem.frames=5 -o a.h5
run_status 0 sciml-gen gbm -n 2 -s problem.method=spark -s problem.rtol=1e-3 -s problem.frames=5 -s problem.pid=[0.3,0.4,0] -o b.h5
run_status 3 sciml-eval -q a.h5 b.h5 --metric rel_l2 --below rel_l2=1e-9 --no-baselines
run_error 2 'pid: needs three numbers' sciml-gen gbm -n 1 -s problem.method=spark -s problem.rtol=0.1 -s problem.pid=1 -o a.h5
run_error 2 'milstein estimates no error' sciml-gen gbm -n 1 -s problem.method=milstein -s problem.rtol=0.1 -o a.h5
run_error 2 'tolerance: 0.1 is longer than a step' sciml-sample sde-path -n 1 -s sample.method=srk -s sample.tolerance=0.1 -o a.h5

# Chains
run_status 0 sciml-sample mcmc -n 2 -s 'sample.potential=x^2/2' -s sample.draws=50 -s sample.method=nuts -s sample.burn=10 -o chain.h5
run_error 2 "'y'" sciml-sample mcmc -n 2 -s 'sample.potential=x^2 + y' -o a.h5

# A neural SDE: train, draw, in parts
run_status 0 sciml-gen ou-trend -n 60 -s problem.T=7 -s problem.frames=7 -s problem.sigma=0.1 -o ou.h5
cat >gan.yaml <<'END'
model: {name: neural-sde, hidden: 6, width: 8}
objective: {name: sde-gan, critic_hidden: 6, critic_width: 8, draws: 32}
optim: adadelta
train: {epochs: 2, batch: 25}
END
run_status 0 sciml-train gan.yaml ou.h5 -j 1 -o gan.h5
run_status 0 sciml-train gan.yaml ou.h5 -j 3 -o gan3.h5
run_status 0 sciml-sample gan.h5 -n 30 -s sample.batch=8 -o all.h5
cmp gan.h5 gan3.h5 || fail 'threads change the training'
for i in 0 1; do run_status 0 sciml-sample gan.h5 -n 30 -s sample.batch=8 --shard $i/2 -o part$i.h5; done
run_status 0 sciml-eval part0.h5 all.h5:0-14 --metric mae --below mae=1e-12
run_status 0 sciml-eval part1.h5 all.h5:15-29 --metric mae --below mae=1e-12
run_status 0 sciml-eval all.h5 ou.h5:0-29 --metric ks_distance --below ks_distance=1

# A latent SDE: the same for threads and shards; its prior nears the paths
cat >latent.yaml <<'END'
model: {name: vector-field, width: 12, depth: 1, final: identity, scale: false}
objective: {name: latent-sde, latent: 2, context: 6, encoder: 6, diffusion_width: 4, noise: 0.3, kl_steps: 20}
train: {epochs: 20, batch: 25, lr: 0.02}
END
for j in 1 3; do
	run_status 0 sciml-train latent.yaml ou.h5 --valid ou.h5 -j $j --log latent.log -o latent.h5
	mv latent.h5 latent$j.h5
done
cmp latent1.h5 latent3.h5 || fail 'threads change the training'
run_status 0 awk -F '\t' 'NR == 2 { first = $4 } END { exit !($4 < 0.8 * first) }' latent.log
run_status 0 sciml-sample latent1.h5 -n 30 -s sample.batch=8 -o all.h5
for i in 0 1; do run_status 0 sciml-sample latent1.h5 -n 30 -s sample.batch=8 --shard $i/2 -o part$i.h5; done
run_status 0 sciml-eval part0.h5 all.h5:0-14 --metric mae --below mae=1e-12
run_status 0 sciml-eval part1.h5 all.h5:15-29 --metric mae --below mae=1e-12
run_error 2 "no field 'v'" sciml-train latent.yaml ou.h5 -s objective.field=v -o a.h5

# Moments of paths: noise is a function of the step of training, also along rejected steps and the way back
run_status 0 sciml-gen spiral-sde -n 40 -s problem.frames=9 -o spiral.h5
cat >moments.yaml <<'END'
model: {name: vector-field, width: 16, depth: 1, activation: tanh, final: identity, scale: false}
objective: {name: sde-moments, method: heun, power: 3, rtol: 0.1, atol: 0.1, error: 10}
data: {real: float64}
train: {epochs: 30, batch: 40, lr: 0.02}
optim: adabelief
END
run_status 0 sciml-train moments.yaml spiral.h5 -j 1 --log one.tsv -o one.h5
run_status 0 sciml-train moments.yaml spiral.h5 -j 3 -s objective.adjoint=checkpoint -s objective.slots=3 --log two.tsv -o two.h5
run_status 0 awk 'NR == FNR { loss[FNR] = $3; next } $3 != loss[FNR] { exit 1 }
	FNR == 2 { first = $3 } END { exit !($3 < 0.7 * first) }' one.tsv two.tsv
run_status 0 sciml-solve one.h5 spiral.h5:0-3 -o solved.h5
sed 's,{name: neural-sde.*,{name: time-mlp},' gan.yaml >other.yaml
run_error 2 'trains model neural-sde' sciml-train other.yaml ou.h5 -o a.h5
exit 0
