//! The signed digits of a scalar, which choose the entries of a [`Table`](super::table).

use curve25519_dalek::Scalar;

/// The bits of a digit: from 4 to 8.
///
/// One more bit nearly doubles a table and saves a few additions. With tables of the key and of the
/// base point, a verification takes about 127, 102, 85, 73 or 64 additions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window(u32);

impl Window {
    const MIN: u32 = 4;
    const MAX: u32 = 8;

    /// The number of windows.
    pub(super) const COUNT: usize = (Self::MAX - Self::MIN + 1) as usize;

    pub(super) fn new(bits: u32) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&bits).then_some(Self(bits))
    }

    /// The index among all windows.
    pub(super) fn index(self) -> usize {
        (self.0 - Self::MIN) as usize
    }

    #[cfg(test)]
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// The number of digits of a scalar.
    pub(super) fn places(self) -> u32 {
        SCALAR_BITS.div_ceil(self.0)
    }

    /// The largest digit, and the number of entries at each place except the last.
    pub(super) fn largest_digit(self) -> usize {
        1 << (self.0 - 1)
    }

    /// The largest digit at this place. The group order is 2^252 + 2^124.6…, so a scalar with bit
    /// 252 has zeros down to bit 125, and no carry reaches bit 252.
    pub(super) fn largest_digit_at(self, place: u32) -> usize {
        match place + 1 == self.places() {
            true => 1 << (SCALAR_BITS - 1 - place * self.0),
            false => self.largest_digit(),
        }
    }

    pub(super) fn entries(self) -> usize {
        (0..self.places()).map(|place| self.largest_digit_at(place)).sum()
    }
}

/// The bits of a scalar below the group order.
const SCALAR_BITS: u32 = 253;

/// The signed digits of a scalar from the lowest, followed by zeros without end.
pub(super) struct Digits<'s> {
    scalar: &'s [u8; 32],
    window: Window,
    /// The scalar's bit at which the next digit begins
    bit: usize,
    carry: i32,
}

impl<'s> Digits<'s> {
    pub(super) fn new(scalar: &'s Scalar, window: Window) -> Self {
        Self { scalar: scalar.as_bytes(), window, bit: 0, carry: 0 }
    }
}

impl Iterator for Digits<'_> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        let byte = |index| i32::from(self.scalar.get(index).copied().unwrap_or(0));
        // eight bits from any position lie in two bytes
        let index = self.bit / 8;
        let bits = (byte(index) | byte(index + 1) << 8) >> (self.bit % 8);
        let radix = 1 << self.window.0;
        let digit = (bits & (radix - 1)) + self.carry;
        self.bit += self.window.0 as usize;
        // a digit above half becomes negative and carries one
        self.carry = i32::from(digit > radix / 2);
        Some(digit - self.carry * radix)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn windows() -> impl Iterator<Item = Window> {
        (0..32).filter_map(Window::new)
    }

    /// 2^`exponent`.
    pub(in super::super) fn power_of_two(exponent: u32) -> Scalar {
        (0..exponent).fold(Scalar::ONE, |power, _| power + power)
    }

    /// Scalars whose digits are at the limits of sign changes, carries and the last place.
    pub(in super::super) fn boundary_scalars() -> Vec<Scalar> {
        let mut scalars = vec![Scalar::ZERO, -Scalar::ONE, -Scalar::from(2u8)];
        for exponent in 0..SCALAR_BITS {
            let power = power_of_two(exponent);
            scalars.extend([power, power - Scalar::ONE, power + Scalar::ONE, -power]);
        }
        for window in windows() {
            let half = window.largest_digit() as u64;
            // the same digit at every place, with the last place and without it
            for digit in [1, half - 1, half, half + 1, 2 * half - 1] {
                for places in [window.places() - 1, window.places()] {
                    let repeated = (0..places).fold(Scalar::ZERO, |scalar, place| {
                        scalar + Scalar::from(digit) * power_of_two(place * window.0)
                    });
                    scalars.push(repeated);
                }
            }
        }
        for byte in [0x01, 0x55, 0x7f, 0x80, 0x81, 0xaa, 0xff] {
            let mut bytes = [byte; 32];
            bytes[31] &= 0x0f;
            scalars.push(Scalar::from_bytes_mod_order(bytes));
        }
        scalars
    }

    #[test]
    fn the_digits_are_in_range_and_add_up_to_the_scalar() {
        for window in windows() {
            let radix = power_of_two(window.0);
            for scalar in boundary_scalars() {
                let (mut sum, mut unit) = (Scalar::ZERO, Scalar::ONE);
                for (place, digit) in (0..window.places()).zip(Digits::new(&scalar, window)) {
                    let size = digit.unsigned_abs();
                    assert!(size as usize <= window.largest_digit_at(place), "{scalar:?}");
                    let value = Scalar::from(size) * unit;
                    sum = if digit < 0 { sum - value } else { sum + value };
                    unit *= radix;
                }
                assert_eq!(sum, scalar, "{window:?}");
                let after = Digits::new(&scalar, window).nth(window.places() as usize);
                assert_eq!(after, Some(0), "{window:?} {scalar:?}");
            }
        }
    }

    #[test]
    fn windows_have_4_to_8_bits() {
        let bits: Vec<_> = windows().map(|window| window.0).collect();
        assert_eq!(bits, [4, 5, 6, 7, 8]);
        assert!(windows().map(Window::index).eq(0..Window::COUNT));
        let entries: Vec<_> = windows().map(Window::entries).collect();
        assert_eq!(entries, [505, 804, 1345, 2305, 3984]);
    }
}
