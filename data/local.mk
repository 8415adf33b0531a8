# Shipped problems, models and experiments: tools look for $(pkgdatadir)/problem/NAME.yaml and model/NAME.yaml.
problemdir = $(pkgdatadir)/problem
dist_problem_DATA = data/problem/burgers-01.yaml data/problem/darcy-16.yaml data/problem/darcy-fno.yaml \
	data/problem/ns-1e-3.yaml data/problem/ns-1e-4.yaml data/problem/ns-1e-5.yaml data/problem/pdebench-advection.yaml \
	data/problem/advection-diffusion.yaml data/problem/allen-cahn.yaml data/problem/burgers-shock.yaml \
	data/problem/burgers-text.yaml data/problem/cahn-hilliard.yaml data/problem/fisher.yaml data/problem/gray-scott.yaml \
	data/problem/darcy-pdebench.yaml data/problem/darcy-text.yaml data/problem/heat-robin.yaml \
	data/problem/heat-text.yaml data/problem/helmholtz.yaml data/problem/kdv.yaml data/problem/kolmogorov.yaml \
	data/problem/kuramoto-sivashinsky.yaml data/problem/poisson.yaml data/problem/poisson-sides.yaml \
	data/problem/schroedinger.yaml \
	data/problem/stochastic-allen-cahn.yaml data/problem/vorticity.yaml data/problem/wave.yaml

# Conservation laws and flows at published settings.
dist_problem_DATA += \
	data/problem/cavity.yaml \
	data/problem/pdebench-2d-shock.yaml \
	data/problem/pdebench-blast.yaml \
	data/problem/pdebench-burgers.yaml \
	data/problem/pdebench-cfd-1d-rand.yaml \
	data/problem/pdebench-cfd-1d-shock.yaml \
	data/problem/pdebench-cfd-2d-rand.yaml \
	data/problem/pdebench-cfd-2d-turb.yaml \
	data/problem/pdebench-cfd-3d-rand.yaml \
	data/problem/pdebench-cfd-3d-turb.yaml \
	data/problem/pdebench-incompressible.yaml \
	data/problem/pdebench-kelvin-helmholtz.yaml \
	data/problem/pdebench-orszag-tang.yaml \
	data/problem/pdebench-reaction-diffusion.yaml \
	data/problem/pdebench-shallow-water.yaml \
	data/problem/pdebench-sod.yaml \
	data/problem/poseidon-ce-crp.yaml \
	data/problem/poseidon-ce-gauss.yaml \
	data/problem/poseidon-ce-kh.yaml \
	data/problem/poseidon-ce-rm.yaml \
	data/problem/poseidon-ce-rp.yaml \
	data/problem/poseidon-ce-rpui.yaml \
	data/problem/tube.yaml

# Ordinary differential equations in text.
dist_problem_DATA += data/problem/lorenz63-text.yaml data/problem/rober.yaml data/problem/van-der-pol-stiff.yaml

# Models with the objective and training that they are known by: sciml-train NAME.
modeldir = $(pkgdatadir)/model
dist_model_DATA = data/model/ddpm.yaml data/model/ddpm-mlp.yaml data/model/edm.yaml data/model/flow-matching.yaml \
	data/model/rectified-flow.yaml data/model/interpolant.yaml data/model/cnf.yaml \
	data/model/pinn.yaml data/model/neural-ode.yaml data/model/neural-cde.yaml data/model/latent-ode.yaml \
	data/model/latent-sde.yaml data/model/ernode.yaml data/model/equilibrium.yaml \
	data/model/symbolic-ode.yaml data/model/symbolic.yaml

# Experiments: makefiles that drive the tools; see data/experiment/common.mk. Experiments run from the source tree or a copy.
EXTRA_DIST += data/experiment

# A tour that ends in a table and pictures; ./bootstrap demo.
.PHONY: demo
demo: $(bin_PROGRAMS)
	@rm -rf demo
	@$(MAKE) -s --no-print-directory -f $(abs_top_srcdir)/data/experiment/demo/Makefile \
		OUT=$(abs_builddir)/demo SCIML_BIN=$(abs_builddir)/tools
dist_problem_DATA += data/problem/burgers-riemann.yaml data/problem/dam-break.yaml data/problem/pdebench-diffusion-reaction.yaml \
	data/problem/pdebench-diffusion-sorption.yaml
