/* volume_euler_inc.h: Riemann solvers for the Euler equations, included once for each number TANGENTS of tangential
 * velocity components. Every loop is free of branches, so that it vectorises. Toro (2009): HLL 10.21, HLLC 10.37-10.39;
 * Roe, J. Comput. Phys. 43 (1981), with Harten's entropy fix (J. Comput. Phys. 49, 1983) on the two sound waves. */

struct NAME(side) { /* one side of a face: primitive, conserved */
	double density, pressure, normal, energy;
	double tangent[TANGENTS + 1]; /* one more than used: arrays have a size */
};

static inline struct NAME(side) NAME(side_of)(const double *q, int64_t j, double inverse)
{
	struct NAME(side) s = { .density = q[j], .pressure = q[VOLUME_ROW + j], .normal = q[2 * VOLUME_ROW + j] };
	double square = s.normal * s.normal;

	for (int k = 0; k < TANGENTS; k++) {
		s.tangent[k] = q[(3 + k) * VOLUME_ROW + j];
		square += s.tangent[k] * s.tangent[k];
	}
	s.energy = s.pressure * inverse + 0.5 * s.density * square;
	return s;
}

static void NAME(rusanov)(const struct volume_physics *p, int64_t n, const double *left, const double *right,
			  double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;
	const double inverse = 1 / (p->gamma - 1), gamma = p->gamma;

	for (int64_t j = 0; j < n; j++) {
		const struct NAME(side) a = NAME(side_of)(l, j, inverse), b = NAME(side_of)(r, j, inverse);
		const double u = fabs(a.normal) + sqrt(gamma * a.pressure / a.density);
		const double w = fabs(b.normal) + sqrt(gamma * b.pressure / b.density), s = u > w ? u : w;
		const double m = a.density * a.normal, k = b.density * b.normal;

		f[j] = 0.5 * (m + k - s * (b.density - a.density));
		f[VOLUME_ROW + j] = 0.5 * ((a.energy + a.pressure) * a.normal + (b.energy + b.pressure) * b.normal -
					   s * (b.energy - a.energy));
		f[2 * VOLUME_ROW + j] = 0.5 * (m * a.normal + a.pressure + k * b.normal + b.pressure - s * (k - m));
		for (int t = 0; t < TANGENTS; t++)
			f[(3 + t) * VOLUME_ROW + j] = 0.5 * (m * a.tangent[t] + k * b.tangent[t] -
							     s * (b.density * b.tangent[t] - a.density * a.tangent[t]));
	}
}

/* Fastest waves to both sides: sums of the extreme velocities and the faster sound, wide enough for positivity. */
static inline void NAME(bounds)(const struct NAME(side) * a, const struct NAME(side) * b, double gamma, double *slow,
				double *fast)
{
	const double ca = sqrt(gamma * a->pressure / a->density), cb = sqrt(gamma * b->pressure / b->density);
	const double c = ca > cb ? ca : cb;

	*slow = (a->normal < b->normal ? a->normal : b->normal) - c;
	*fast = (a->normal > b->normal ? a->normal : b->normal) + c;
}

static void NAME(hll)(const struct volume_physics *p, int64_t n, const double *left, const double *right, double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;
	const double inverse = 1 / (p->gamma - 1), gamma = p->gamma;

	for (int64_t j = 0; j < n; j++) {
		const struct NAME(side) a = NAME(side_of)(l, j, inverse), b = NAME(side_of)(r, j, inverse);
		const double m = a.density * a.normal, k = b.density * b.normal;
		double slow, fast, scale;

		NAME(bounds)(&a, &b, gamma, &slow, &fast);
		slow = slow < 0 ? slow : 0;
		fast = fast > 0 ? fast : 0;
		scale = 1 / (fast - slow);
		f[j] = scale * (fast * m - slow * k + fast * slow * (b.density - a.density));
		f[VOLUME_ROW + j] =
			scale * (fast * (a.energy + a.pressure) * a.normal - slow * (b.energy + b.pressure) * b.normal +
				 fast * slow * (b.energy - a.energy));
		f[2 * VOLUME_ROW + j] = scale * (fast * (m * a.normal + a.pressure) -
						 slow * (k * b.normal + b.pressure) + fast * slow * (k - m));
		for (int t = 0; t < TANGENTS; t++)
			f[(3 + t) * VOLUME_ROW + j] =
				scale * (fast * m * a.tangent[t] - slow * k * b.tangent[t] +
					 fast * slow * (b.density * b.tangent[t] - a.density * a.tangent[t]));
	}
}

static void NAME(hllc)(const struct volume_physics *p, int64_t n, const double *left, const double *right, double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;
	const double inverse = 1 / (p->gamma - 1), gamma = p->gamma;

	for (int64_t j = 0; j < n; j++) {
		const struct NAME(side) a = NAME(side_of)(l, j, inverse), b = NAME(side_of)(r, j, inverse);
		double slow, fast;

		NAME(bounds)(&a, &b, gamma, &slow, &fast);
		const double da = a.density * (slow - a.normal), db = b.density * (fast - b.normal);
		const double contact = (b.pressure - a.pressure + da * a.normal - db * b.normal) / (da - db);
		/* The side that the contact leaves behind, and how far its wave reaches across the face. */
		const bool from_left = contact >= 0;
		const double density = from_left ? a.density : b.density, u = from_left ? a.normal : b.normal;
		const double pressure = from_left ? a.pressure : b.pressure;
		const double energy = from_left ? a.energy : b.energy, wave = from_left ? slow : fast;
		const double low = slow < 0 ? slow : 0, high = fast > 0 ? fast : 0, reach = from_left ? low : high;
		const double ratio = (wave - u) / (wave - contact), star = ratio * density;
		const double star_energy =
			ratio * (energy + (contact - u) * (density * contact + pressure / (wave - u)));
		const double mass = density * u + reach * (star - density);

		f[j] = mass;
		f[VOLUME_ROW + j] = (energy + pressure) * u + reach * (star_energy - energy);
		f[2 * VOLUME_ROW + j] = density * u * u + pressure + reach * (star * contact - density * u);
		for (int t = 0; t < TANGENTS; t++)
			f[(3 + t) * VOLUME_ROW + j] = mass * (from_left ? a.tangent[t] : b.tangent[t]);
	}
}

static void NAME(roe)(const struct volume_physics *p, int64_t n, const double *left, const double *right, double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;
	const double inverse = 1 / (p->gamma - 1), gamma = p->gamma;

	for (int64_t j = 0; j < n; j++) {
		const struct NAME(side) a = NAME(side_of)(l, j, inverse), b = NAME(side_of)(r, j, inverse);
		const double wa = sqrt(a.density), wb = sqrt(b.density), w = 1 / (wa + wb), mean = wa * wb;
		const double u = w * (wa * a.normal + wb * b.normal);
		const double h =
			w * (wa * (a.energy + a.pressure) / a.density + wb * (b.energy + b.pressure) / b.density);
		double v[TANGENTS + 1], square = u * u;

		for (int t = 0; t < TANGENTS; t++) {
			v[t] = w * (wa * a.tangent[t] + wb * b.tangent[t]);
			square += v[t] * v[t];
		}
		const double c2 = (gamma - 1) * (h - 0.5 * square), c = sqrt(c2);
		const double dp = b.pressure - a.pressure, du = b.normal - a.normal, dr = b.density - a.density;
		const double left_wave = 0.5 * (dp - mean * c * du) / c2, right_wave = 0.5 * (dp + mean * c * du) / c2;
		const double contact_wave = dr - dp / c2;
		const double ca = sqrt(gamma * a.pressure / a.density), cb = sqrt(gamma * b.pressure / b.density);
		const double lw = volume_spread(u - c, a.normal - ca, b.normal - cb) * left_wave;
		const double rw = volume_spread(u + c, a.normal + ca, b.normal + cb) * right_wave, us = fabs(u);
		const double cw = us * contact_wave;
		const double m = a.density * a.normal, k = b.density * b.normal;
		double shear = 0;

		for (int t = 0; t < TANGENTS; t++) {
			const double d = us * mean * (b.tangent[t] - a.tangent[t]);

			shear += d * v[t];
			f[(3 + t) * VOLUME_ROW + j] =
				0.5 * (m * a.tangent[t] + k * b.tangent[t] - (lw + rw + cw) * v[t] - d);
		}
		f[j] = 0.5 * (m + k - (lw + rw + cw));
		f[VOLUME_ROW + j] = 0.5 * ((a.energy + a.pressure) * a.normal + (b.energy + b.pressure) * b.normal -
					   (lw * (h - u * c) + rw * (h + u * c) + cw * 0.5 * square + shear));
		f[2 * VOLUME_ROW + j] = 0.5 * (m * a.normal + a.pressure + k * b.normal + b.pressure -
					       (lw * (u - c) + rw * (u + c) + cw * u));
	}
}
