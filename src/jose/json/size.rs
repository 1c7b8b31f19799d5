//! The memory that parsed values take, for caches with a limit of bytes.

use super::{Json, Object};

impl Json {
    /// The bytes that the value has allocated. The value itself is in the memory of its owner.
    pub(crate) fn allocated(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Number(number) => allocation(number.as_str().len()),
            Self::String(text) => allocation(text.capacity()),
            Self::Array(elements) => {
                let own = allocation(elements.capacity() * size_of::<Self>());
                elements.iter().fold(own, |sum, element| sum + element.allocated())
            }
            Self::Object(object) => object.allocated(),
        }
    }
}

impl Object {
    /// The bytes that the object has allocated.
    pub(crate) fn allocated(&self) -> usize {
        let own = allocation(self.0.capacity() * size_of::<(String, Json)>());
        self.0
            .iter()
            .fold(own, |sum, (name, value)| sum + allocation(name.capacity()) + value.allocated())
    }
}

/// The memory that an allocation of `bytes` takes, with what the allocator adds: in wasm that of
/// std, dlmalloc, and in glibc the same. A number of one digit takes 16 bytes in wasm.
pub(crate) const fn allocation(bytes: usize) -> usize {
    const WORD: usize = size_of::<usize>();
    match bytes {
        0 => 0,
        1..=MIN_ALLOCATION => MIN_ALLOCATION + WORD,
        _ => (bytes + WORD).next_multiple_of(2 * WORD),
    }
}

/// The fewest bytes that an allocator gives.
const MIN_ALLOCATION: usize = 3 * size_of::<usize>();

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: usize = size_of::<usize>();

    #[test]
    fn an_allocation_is_whole_blocks_with_a_word_of_the_allocator() {
        assert_eq!(allocation(0), 0, "an empty text allocates nothing");
        for bytes in 1..1_000 {
            let taken = allocation(bytes);
            assert_eq!(taken % (2 * WORD), 0, "{bytes}");
            assert!(taken >= bytes + WORD && taken >= 4 * WORD, "{bytes}: {taken}");
            assert!(taken < bytes + 3 * WORD || taken == 4 * WORD, "{bytes}: {taken}");
        }
    }

    #[test]
    fn a_value_takes_what_its_texts_lists_and_objects_allocate() {
        let (node, member) = (size_of::<Json>(), size_of::<(String, Json)>());
        let (one, long) = (allocation(1), "x".repeat(100));
        for (text, expected) in [
            ("null", 0),
            ("true", 0),
            ("[]", 0),
            ("{}", 0),
            ("\"\"", 0),
            ("7", one),
            ("\"7\"", one),
            (&format!("{long:?}"), allocation(100)),
            (&"1".repeat(100), allocation(100)),
            // a list grows to four elements, then to eight
            ("[1]", allocation(4 * node) + one),
            ("[1,2,3,4]", allocation(4 * node) + 4 * one),
            ("[1,null,3,4,5]", allocation(8 * node) + 4 * one),
            ("[[[]],[0]]", 3 * allocation(4 * node) + one),
            (r#"{"a":null}"#, allocation(4 * member) + one),
            (r#"{"a":1,"b":"c"}"#, allocation(4 * member) + 4 * one),
            (r#"{"a":{"b":[1]}}"#, 2 * allocation(4 * member) + allocation(4 * node) + 3 * one),
        ] {
            assert_eq!(Json::parse(text).unwrap().allocated(), expected, "{text}");
        }
    }

    #[test]
    fn spare_capacity_counts() {
        let spare = || String::with_capacity(500);
        assert_eq!(Json::String(spare()).allocated(), allocation(500));
        let members = vec![(spare(), Json::Null)];
        let object = Object::from_members(members).unwrap();
        let list = allocation(size_of::<(String, Json)>());
        assert_eq!(object.allocated(), list + allocation(500));
    }
}
