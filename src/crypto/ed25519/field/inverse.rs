//! The inverse modulo p by division steps (Bernstein and Yang, "Fast constant-time gcd computation
//! and modular inversion", 2019), but in variable time. This takes a fraction of the time of the
//! power of p - 2.

/// Σ limbs\[i\]·2^(30·i). The limbs are from 0 to 2^30 - 1, except the last, which has the sign.
type Number = [i32; 9];

const BITS: u32 = 30;
const MASK: i32 = (1 << BITS) - 1;

/// p = 2^255 - 19, with a negative limb instead of eight large ones.
const P: Number = [-19, 0, 0, 0, 0, 0, 0, 0, 1 << 15];

/// 1 / `number` modulo p, from 0 to 2^255 - 1, and 0 for a multiple of p.
pub(super) fn inverse(number: &[u8; 32]) -> [u8; 32] {
    let (mut f, mut g) = (P, from_bytes(number));
    // f = d·number and g = e·number modulo p
    let (mut d, mut e) = ([0; 9], [1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut delta = 1;
    // at most 25 rounds, because 738 steps suffice for numbers of 255 bits (theorem 11.2)
    while g != [0; 9] {
        let steps = Steps::new(&mut delta, f[0], g[0]);
        (f, g) = steps.apply_to_divisor(&f, &g);
        // a round adds p/2 at most, so d and e stay between -14p and 14p
        (d, e) = steps.apply_modulo_p(&d, &e);
    }
    // f is the greatest common divisor with a sign: 1, or p if the number is 0 modulo p
    let sign = if f[8] < 0 { -1 } else { 1 };
    to_bytes(reduced(&d, sign))
}

/// The effect of [`BITS`] division steps on f and g: they become (u·f + v·g) / 2^[`BITS`] and
/// (q·f + r·g) / 2^[`BITS`]. |u| + |v| and |q| + |r| are 2^[`BITS`] at most.
struct Steps {
    u: i32,
    v: i32,
    q: i32,
    r: i32,
}

impl Steps {
    /// `f` and `g` are the lowest limbs. `f` is odd.
    fn new(delta: &mut i32, f: i32, g: i32) -> Self {
        let (mut f, mut g) = (f as u32, g as u32);
        let (mut u, mut v, mut q, mut r) = (1, 0, 0, 1);
        let mut left = BITS;
        loop {
            // steps with an even g halve it
            let zeros = (g | u32::MAX << left).trailing_zeros();
            g >>= zeros;
            u <<= zeros;
            v <<= zeros;
            left -= zeros;
            *delta += zeros as i32;
            if left == 0 {
                return Self { u, v, q, r };
            }
            if *delta > 0 {
                *delta = -*delta;
                (f, g) = (g, f.wrapping_neg());
                (u, v, q, r) = (q, r, -u, -v);
            }
            // the next 1 - delta steps add multiples of f: as many as make the lowest bits of g 0.
            // As f² is 1 modulo 8, f·(2 - f²) is 1 / f modulo 64 (Newton's iteration)
            let count = left.min((1 - *delta) as u32).min(6);
            let negative_inverse = f.wrapping_mul(f.wrapping_mul(f).wrapping_sub(2));
            let multiple = g.wrapping_mul(negative_inverse) & ((1 << count) - 1);
            g = g.wrapping_add(f.wrapping_mul(multiple));
            q += u * multiple as i32;
            r += v * multiple as i32;
        }
    }

    fn apply_to_divisor(&self, f: &Number, g: &Number) -> (Number, Number) {
        (quotient(self.u, f, self.v, g, 0), quotient(self.q, f, self.r, g, 0))
    }

    /// Modulo p. The absolute values grow by p/2 at most.
    fn apply_modulo_p(&self, d: &Number, e: &Number) -> (Number, Number) {
        let multiple =
            |x: i32, y: i32| multiple_of_p(x.wrapping_mul(d[0]).wrapping_add(y.wrapping_mul(e[0])));
        (
            quotient(self.u, d, self.v, e, multiple(self.u, self.v)),
            quotient(self.q, d, self.r, e, multiple(self.q, self.r)),
        )
    }
}

/// (`x`·`a` + `y`·`b` + `multiple`·p) / 2^[`BITS`], which must be a whole number.
fn quotient(x: i32, a: &Number, y: i32, b: &Number, multiple: i32) -> Number {
    let mut carry = product(x, a[0]) + product(y, b[0]) + product(multiple, P[0]);
    // a loop or a closure would remain one when compiled for size, and take twice the time
    macro_rules! limb {
        ($i:literal) => {{
            carry = (carry >> BITS) + product(x, a[$i]) + product(y, b[$i]);
            carry as i32 & MASK
        }};
    }
    let limbs = [limb!(1), limb!(2), limb!(3), limb!(4), limb!(5), limb!(6), limb!(7), limb!(8)];
    let [r0, r1, r2, r3, r4, r5, r6, _] = limbs;
    carry += product(multiple, P[8]);
    [r0, r1, r2, r3, r4, r5, r6, carry as i32 & MASK, (carry >> BITS) as i32]
}

#[inline(always)]
fn product(x: i32, y: i32) -> i64 {
    i64::from(x) * i64::from(y)
}

/// The multiple of p that makes the lowest limb 0, from -2^29 to 2^29 - 1.
fn multiple_of_p(lowest: i32) -> i32 {
    // 1 / 19 modulo 2^32
    const INVERSE: u32 = 0x286b_ca1b;
    const { assert!(INVERSE.wrapping_mul(19) == 1) };
    let multiple = (lowest as u32).wrapping_mul(INVERSE) << (32 - BITS);
    multiple as i32 >> (32 - BITS)
}

/// `sign`·`number` modulo p for a number between -16p and 16p.
fn reduced(number: &Number, sign: i32) -> Number {
    let mut result: Number = std::array::from_fn(|i| sign * number[i] + 16 * P[i]);
    // the second time, the number is less than 2^255 + 19·32
    for _ in 0..2 {
        let mut carry = 0;
        for limb in &mut result {
            carry += *limb;
            *limb = carry & MASK;
            carry >>= BITS;
        }
        result[0] += 19 * (result[8] >> 15);
        result[8] &= (1 << 15) - 1;
    }
    result
}

fn from_bytes(bytes: &[u8; 32]) -> Number {
    std::array::from_fn(|i| {
        let bit = i * BITS as usize;
        let five = bytes[bit / 8..].iter().take(5).rev();
        let bits = five.fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        (bits >> (bit % 8)) as i32 & MASK
    })
}

fn to_bytes(number: Number) -> [u8; 32] {
    std::array::from_fn(|i| {
        let (limb, shift) = (i * 8 / BITS as usize, i * 8 % BITS as usize);
        let next = number.get(limb + 1).copied().unwrap_or(0);
        (number[limb] >> shift | next << (BITS as usize - shift)) as u8
    })
}
