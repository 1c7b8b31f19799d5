//! Checks of RSA keys and signatures (RFC 8017) before the host verifies, because WebCrypto accepts
//! an exponent of 1 and signatures that are too short.

use crate::jose::Unusable;

/// Rejects a modulus that is even, shorter than 2048 bits (RFC 7518, section 3.3) or longer than
/// hosts support, and an exponent that is even, 1, or not less than the modulus.
pub(super) fn check_key(n: &[u8], e: &[u8]) -> Result<(), Unusable> {
    let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let strong = (MIN_BITS..=MAX_BITS).contains(&bits(n)) && odd(n) && odd(e) && e != [1];
    match strong && is_less(e, n) {
        true => Ok(()),
        false => Err(Unusable::WeakRsa),
    }
}

/// Whether the signature has the length of the modulus and is less than it (RFC 8017, sections
/// 8.1.2 and 8.2.2).
pub(super) fn is_in_range(n: &[u8], signature: &[u8]) -> bool {
    signature.len() == n.len() && is_less(signature, n)
}

const MIN_BITS: usize = 2_048;
const MAX_BITS: usize = 8_192;

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(8, |first| first.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(leading)
}

/// Compares big-endian numbers. If their lengths differ, the longer one has no leading zeros.
fn is_less(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) < (b.len(), b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= (8 - bits % 8) % 8;
        n
    }

    #[test]
    fn only_odd_exponents_from_three_to_below_the_modulus_are_accepted() {
        for e in [&[3][..], &[17], &[1, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(check_key(&modulus(2048), e), Ok(()), "{e:?}");
        }
        for e in [&[1][..], &[2], &[1, 0], &modulus(2048), &modulus(2056)] {
            assert_eq!(check_key(&modulus(2048), e), Err(Unusable::WeakRsa), "{e:?}");
        }
    }

    #[test]
    fn only_an_odd_modulus_of_2048_to_8192_bits_is_accepted() {
        for bits in [2048, 2049, 3072, 4096, 8192] {
            assert_eq!(check_key(&modulus(bits), &[3]), Ok(()), "{bits}");
        }
        for bits in [1024, 2047, 8193] {
            assert_eq!(check_key(&modulus(bits), &[3]), Err(Unusable::WeakRsa), "{bits}");
        }
        let mut even = modulus(2048);
        even[255] = 0xfe;
        assert_eq!(check_key(&even, &[3]), Err(Unusable::WeakRsa));
    }

    #[test]
    fn a_signature_has_the_length_of_the_modulus_and_is_less() {
        let n = modulus(2048);
        assert!(is_in_range(&n, &[0x7f; 256]));
        assert!(!is_in_range(&n, &n));
        assert!(!is_in_range(&n, &[0x7f; 255]));
        assert!(!is_in_range(&n, &[0; 257]));
    }
}
