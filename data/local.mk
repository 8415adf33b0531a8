# Shipped problems and experiments: tools look for $(pkgdatadir)/problem/NAME.yaml.
problemdir = $(pkgdatadir)/problem
dist_problem_DATA = data/problem/burgers-01.yaml data/problem/darcy-16.yaml data/problem/darcy-fno.yaml \
	data/problem/ns-1e-3.yaml data/problem/ns-1e-4.yaml data/problem/ns-1e-5.yaml data/problem/pdebench-advection.yaml
