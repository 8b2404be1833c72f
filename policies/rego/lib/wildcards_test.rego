package planguard.lib.wildcards_test

import data.planguard.lib.wildcards

test_stars_and_question_marks_match_other_characters if {
	wildcards.matches("*", "")
	wildcards.matches("a*c", "a.b/\nc")
	wildcards.matches("a?c", "abc")
	not wildcards.matches("a?c", "ac")
	not wildcards.matches("b", "abc")
	not wildcards.matches("a", "A")
}

test_other_characters_match_themselves if {
	text := `a.b[0]{1}(x|y)+^$\d["k"]`
	wildcards.matches(text, text)
	not wildcards.matches("a.b", "axb")
	not wildcards.matches("[ab]", "a")
}

test_one_of_several_is_enough if {
	wildcards.matches_any({"x", "a*"}, "abc")
	not wildcards.matches_any([], "abc")
	not wildcards.matches_any(["x"], "abc")
}

test_values_that_are_not_strings_do_not_match if not wildcards.matches("*", 1)
