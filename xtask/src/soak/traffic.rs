//! The kinds of requests, and how often each occurs in a phase.

use super::plan::PhaseKind;
use super::random::Random;
use super::users::Defect;

macro_rules! kinds {
    ($($name:ident = $title:literal, $right:literal, $weight:literal;)+) => {
        /// A kind of request.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Kind {
            $($name,)+
        }

        impl Kind {
            pub(super) const ALL: &[Self] = &[$(Self::$name,)+];

            pub(super) fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The right responses, in short, unless the key has just been published or removed.
            pub(super) fn right(self) -> &'static str {
                match self { $(Self::$name => $right,)+ }
            }

            /// How often the kind occurs in a steady phase, in thousandths. 0 for kinds with
            /// connections of their own.
            fn weight(self) -> usize {
                match self { $(Self::$name => $weight,)+ }
            }
        }
    };
}

kinds! {
    Warm = "token in use", "200", 270;
    New = "new token", "200", 25;
    Admin = "role that the rule requires", "200", 20;
    ForgedHeaders = "forged identity headers", "200", 20;
    Write = "write with a body", "200", 20;
    Method = "`HEAD`, `DELETE` or `OPTIONS`", "200", 20;
    Lapsing = "token about to expire", "200, 401 `expired`", 10;
    OldKey = "token of the key before", "200, 401", 10;
    Public = "public path", "200", 20;
    Preflight = "preflight", "204", 110;
    Foreign = "another user's path", "403", 110;
    NotAdmin = "role that does not suffice", "403", 25;
    Ambiguous = "ambiguous path", "400", 25;
    NoToken = "no token", "401 `missing_token`", 85;
    Malformed = "malformed token", "401 `malformed_token`", 35;
    Opaque = "session token", "401 `opaque_token`", 20;
    Expired = "expired token", "401 `expired`", 40;
    NotYetValid = "token of the future", "401 `not_yet_valid`", 15;
    Issuer = "wrong issuer", "401 `issuer_mismatch`", 20;
    Audience = "wrong audience", "401 `audience_mismatch`", 20;
    Signature = "bad signature", "401 `bad_signature`", 30;
    AlgorithmNone = "`alg` none", "401 `unsupported_algorithm`", 15;
    Confusion = "HS256 with the public key", "401 `unsupported_algorithm`", 15;
    UnknownKey = "unknown key", "401 `unknown_key`, 503", 10;
    UnknownKeyExpired = "unknown key, expired", "401 `unknown_key`", 10;
    Upload = "streamed request", "200", 0;
    Download = "streamed response", "200", 0;
    Aborted = "stream that the client aborts", "200 or none", 0;
    UploadRejected = "streamed request, bad token", "401", 0;
    Socket = "WebSocket", "101", 0;
    SocketRejected = "WebSocket, bad token or another user's path", "401, 403", 0;
}

impl Kind {
    /// A kind for a phase.
    pub(super) fn choose(random: &mut Random, phase: PhaseKind) -> Self {
        let weight = |kind: Self| match phase {
            PhaseKind::Flood if kind.is_forged() => kind.weight() * FLOOD,
            _ => kind.weight(),
        };
        let total = Self::ALL.iter().map(|kind| weight(*kind)).sum();
        let mut chosen = random.below(total);
        for kind in Self::ALL {
            match chosen.checked_sub(weight(*kind)) {
                Some(left) => chosen = left,
                None => return *kind,
            }
        }
        Self::Warm
    }

    /// Whether the token is not the auth server's.
    pub(super) fn is_forged(self) -> bool {
        let forged = [
            Self::Malformed,
            Self::Signature,
            Self::AlgorithmNone,
            Self::Confusion,
            Self::UnknownKey,
            Self::UnknownKeyExpired,
        ];
        forged.contains(&self)
    }

    /// What is wrong with the token.
    pub(super) fn defect(self) -> Defect {
        match self {
            Self::Expired => Defect::Expired,
            Self::NotYetValid => Defect::NotYetValid,
            Self::Issuer => Defect::Issuer,
            Self::Audience => Defect::Audience,
            Self::Signature => Defect::Signature,
            Self::AlgorithmNone => Defect::AlgorithmNone,
            Self::Confusion => Defect::Confusion,
            Self::UnknownKey => Defect::UnknownKey,
            Self::UnknownKeyExpired => Defect::UnknownKeyExpired,
            _ => Defect::None,
        }
    }
}

/// In a flood, forged tokens are so many times as frequent: nine of ten requests.
const FLOOD: usize = 69;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_requests_of_a_flood_are_forged() {
        let mut random = Random::new(1, 1);
        let mut forged = |phase| {
            let kinds = (0..10_000).map(|_| Kind::choose(&mut random, phase));
            kinds.filter(|kind| kind.is_forged()).count()
        };
        let flood = forged(PhaseKind::Flood);
        assert!((8_800..9_200).contains(&flood), "{flood}");
        let steady = forged(PhaseKind::Steady);
        assert!((900..1_400).contains(&steady), "{steady}");
    }
}
