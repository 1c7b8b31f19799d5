//! How the operator of this host calls settings, for texts that are written where no settings are
//! at hand.

use crate::config::settings_table::Naming;

pub(crate) const NAMING: Naming = match cfg!(all(feature = "js", not(feature = "worker"))) {
    true => Naming::Options,
    false => Naming::Variables,
};
