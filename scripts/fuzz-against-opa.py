#!/usr/bin/env python3
"""Compares planguard with OPA on generated policies, and shrinks what differs.

Every policy comes from a seed, so that a difference can be found again. What differs is printed in the form of the
facts in fixtures/rego/conformance, with OPA's answer. The package for OPA knows Rego v1 only: each policy is also written
in Rego v0, and planguard's answer to that is held against OPA's to the other.

    cargo build -p planguard-rego --example answers
    scripts/fuzz-against-opa.py --from 1 --count 5000
    scripts/fuzz-against-opa.py --record 300 > fixtures/rego/conformance/generated.toml

OPA is the Python package opa-golib-python-bindings; PYTHONPATH may name its directory. Exit codes: 0 all the same,
1 something differs, 2 the comparison could not be made.
"""

import argparse
import collections
import json
import random
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "target/debug/examples/answers"
UNDEFINED, ERROR = "undefined", "error"
LOCALS = ["x", "y", "z", "k", "v", "i", "j", "rc", "item", "name", "p", "q", "e", "msg", "key", "value", "t", "u", "w", "a", "b", "c"]
WORDS = ["a", "b", "k", "s3", "tags", "café", ""]
TOKEN = re.compile(r'\$?"(?:\\.|[^"\\])*"|`[^`]*`|[A-Za-z_]\w*|\d+(?:\.\d+)?|:=|==|!=|<=|>=|\s+|.', re.S)
OPENING, CLOSING = "([{", ")]}"


class Scope:
    """Variables by type, visible in a body."""

    def __init__(self, outer=None):
        self.variables = dict(outer.variables) if outer else {}

    def of(self, kind):
        return [name for name, known in self.variables.items() if known in (kind, "any") or kind == "any"]


class Generator:
    """A policy set of the packages main and lib, with an input and the rules to ask for."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rules, self.functions, self.lib, self.counter = {}, {}, {}, 0
        self.calling = False
        self.alias = self.pick(["lib", "lib", "helper"])

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def case(self):
        number = self.random.randint
        lib = ["package lib", ""]
        self.in_lib = True
        for index in range(number(1, 2)):
            lib += self.rule(f"l{index}")
        self.lib, self.rules = self.rules, {}
        self.lib_functions, self.functions = self.functions, {}
        self.in_lib = False
        self.uses_lib = self.chance(0.5)
        rules = []
        for index in range(number(1, 4)):
            rules += self.rule(f"r{index}")
        main = ["package main", ""]
        if self.uses_lib:
            main += ["import data.lib" + (f" as {self.alias}" if self.alias != "lib" else ""), ""]
        if self.chance(0.15):
            main += ["import input.m as settings", ""]
        modules = ["\n".join(main + rules)] + (["\n".join(lib)] if self.uses_lib else [])
        return {"modules": modules, "input": self.input(), "queries": [f"data.main.{name}" for name in self.rules]}

    # The input

    def input(self):
        pick, chance = self.pick, self.chance
        values = [0, 1, 2, "a", "b", None, False, True, [], {}, 1.5, ["a"], {"a": 1}]
        after = lambda: {name: pick(values) for name in ["a", "b", "k", "tags", "acl"] if chance(0.6)}
        changes = [
            {
                "address": f"{kind}.{name}",
                "type": kind,
                "name": name,
                "change": {"actions": pick([["create"], ["update"], ["delete", "create"]]), "before": pick([None, after()]), "after": pick([after(), after(), None])},
            }
            for kind, name in [("aws_s3_bucket", "a"), ("aws_s3_bucket", "b"), ("aws_instance", "k")][: self.random.randint(0, 3)]
        ]
        fields = {
            "xs": [pick([0, 1, 2, 3]) for _ in range(self.random.randint(0, 3))],
            "ks": [pick(["a", "b", "k"]) for _ in range(self.random.randint(0, 3))],
            "m": {name: pick(values) for name in ["a", "b", "k"] if chance(0.7)},
            "n": pick([0, 1, 2, 3]),
            "s": pick(["a", "b", "a-b", ""]),
            "f": False,
            "t": True,
            "z": None,
            "any": pick(values),
        }
        fields = {name: value for name, value in fields.items() if chance(0.9)}
        return {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes, **fields}

    # Rules

    def rule(self, name):
        kind = self.pick(["complete", "complete", "set", "set", "set", "object", "function", "default", "else", "truth", "nested"])
        scope, self.taken = Scope(), set()
        lines = getattr(self, f"rule_{kind}")(name, scope)
        return [*lines, ""]

    def braces(self, literals):
        if len(literals) == 1 and self.chance(0.5) and not literals[0].startswith(("{", "some ")) and "\n" not in literals[0]:
            return f"if {literals[0]}"
        if self.chance(0.2):
            return "if { " + "; ".join(literal.replace("\n", "\n\t") for literal in literals) + " }"
        return "if {\n" + "\n".join("\t" + literal.replace("\n", "\n\t") for literal in literals) + "\n}"

    def rule_complete(self, name, scope):
        kind = self.pick(["num", "str", "bool", "array", "set", "object"])
        if self.chance(0.2):
            text = f"{name} := {self.expr(kind, Scope(), 2)}"
        else:
            body, inner = self.body(scope, self.random.randint(1, 4), 2)
            text = f"{name} := {self.expr(kind, inner, 2)} {self.braces(body)}"
        self.rules[name] = kind
        return [text]

    def rule_truth(self, name, scope):
        lines = []
        for _ in range(self.random.randint(1, 2)):
            body, _ = self.body(scope, self.random.randint(1, 4), 2)
            lines.append(f"{name} {self.braces(body)}")
        self.rules[name] = "bool"
        return lines

    def rule_set(self, name, scope):
        lines = []
        for _ in range(self.random.randint(1, 2)):
            body, inner = self.body(scope, self.random.randint(1, 4), 2)
            kind = self.pick(["num", "str", "any", "array", "object", "set"])
            break_ = self.pick([" ", " ", " ", "\n\t"])
            lines.append(f"{name} contains{break_}{self.expr(kind, inner, 2)} {self.braces(body)}")
        self.rules[name] = "set"
        return lines

    def rule_object(self, name, scope):
        lines = []
        for _ in range(self.random.randint(1, 2)):
            body, inner = self.body(scope, self.random.randint(1, 3), 2)
            key = self.pick([self.expr("str", inner, 1), self.expr("any", inner, 1), '"a"'])
            lines.append(f"{name}[{key}] := {self.expr('any', inner, 1)} {self.braces(body)}")
        self.rules[name] = "object"
        return lines

    def rule_nested(self, name, scope):
        lines = []
        body, inner = self.body(scope, self.random.randint(1, 3), 2)
        form = self.pick(["value", "contains", "deep"])
        if form == "value":
            lines.append(f"{name}.a.b := {self.expr('any', Scope(), 1)}")
            lines.append(f"{name}.a[{self.expr('str', inner, 1)}] := 1 {self.braces(body)}")
        elif form == "contains":
            lines.append(f"{name}.a contains {self.expr('any', inner, 1)} {self.braces(body)}")
            lines.append(f"{name}.b contains 1")
        else:
            lines.append(f"{name}[{self.expr('str', inner, 1)}][{self.expr('str', inner, 1)}] := 1 {self.braces(body)}")
        self.rules[name] = "object"
        return lines

    def rule_default(self, name, scope):
        kind = self.pick(["num", "str", "bool"])
        default = {"num": "7", "str": '"none"', "bool": "false"}[kind]
        body, inner = self.body(scope, self.random.randint(1, 3), 2)
        self.rules[name] = kind
        lines = [f"default {name} := {default}", f"{name} := {self.expr(kind, inner, 1)} {self.braces(body)}"]
        self.random.shuffle(lines)
        return lines

    def rule_else(self, name, scope):
        kind = self.pick(["num", "str", "bool"])
        text = ""
        for index in range(self.random.randint(2, 3)):
            body, inner = self.body(scope, self.random.randint(1, 2), 2)
            head = name if index == 0 else "else"
            text += f"{head} := {self.expr(kind, inner, 1)} {self.braces(body)} "
        if self.chance(0.3):
            text += f"else := {self.expr(kind, Scope(), 1)}"
        self.rules[name] = kind
        return [text.rstrip()]

    def rule_function(self, name, scope):
        function = "f" + name
        form = self.pick(["plain", "plain", "pattern", "constant", "two", "else", "default"])
        local = self.fresh(scope, "any")
        arguments = local
        if form == "pattern":
            other = self.fresh(scope, "any")
            arguments = self.pick([f"[{local}, {other}]", f'{{"a": {local}}}'])
            if arguments.startswith("{"):
                del scope.variables[other]
        kind = self.pick(["num", "str", "bool", "any"])
        body, inner = self.body(scope, self.random.randint(1, 3), 2)
        lines = [f"{function}({arguments}) := {self.expr(kind, inner, 1)} {self.braces(body)}"]
        if form == "constant":
            lines = [f"{function}({self.pick(['1', chr(34) + 'a' + chr(34), 'null'])}) := {self.expr(kind, Scope(), 1)}"]
            lines.append(f"{function}({self.pick(['2', chr(34) + 'b' + chr(34)])}) := {self.expr(kind, Scope(), 1)}")
        if form == "else":
            lines[0] += f" else := {self.expr(kind, Scope(), 1)}"
        if form == "default":
            lines.insert(0, f"default {function}(_) := 9")
        shape = "pattern" if form == "pattern" else "any"
        lines.append("")
        body = []
        argument = self.argument(shape, Scope())
        self.functions[function] = (kind, shape)
        if self.chance(0.5):
            lines.append(f"{name} := {function}({argument})")
        else:
            body, inner = self.body(Scope(), self.random.randint(1, 2), 1)
            lines.append(f"{name} contains {function}({self.argument(shape, inner)}) {self.braces(body)}")
            kind = "set"
        self.rules[name] = kind
        return lines

    # Bodies

    def fresh(self, scope, kind):
        taken = scope.variables if self.chance(0.04) else self.taken
        free = [name for name in LOCALS if name not in taken]
        if free and self.chance(0.9):
            name = self.pick(free)
            self.taken.add(name)
        else:
            self.counter += 1
            name = f"v{self.counter}"
        scope.variables[name] = kind
        return name

    def body(self, outer, count, depth):
        """Literals, and the scope behind them. What is shuffled declares nothing, or OPA refuses it."""
        scope = Scope(outer)
        shuffled = self.chance(0.35)
        literals = []
        for _ in range(count):
            literals.append(self.literal(scope, depth, shuffled))
        # OPA refuses what is declared and not used.
        used = collections.Counter(TOKEN.findall(" ".join(literals)))
        for name in [name for name in scope.variables if name not in outer.variables and used[name] < 2]:
            literals.append(self.pick([f"{name} != 17", f"_ = {name}", f'type_name({name}) != "set"', f"not {name} == input.n"]))
        if shuffled:
            self.random.shuffle(literals)
        return literals, scope

    def literal(self, scope, depth, shuffled):
        if self.chance(0.45):
            return self.binding(scope, depth, shuffled)
        return self.test(scope, depth)

    def binding(self, scope, depth, shuffled):
        form = self.pick(["some", "some", "pair", "let", "let", "index", "index", "unify", "array", "object", "walk", "output", "declared", "keys"])
        kind = self.pick(["num", "str", "any", "array", "object", "set", "bool"])
        if form in ("some", "pair", "let", "declared") and shuffled:
            form = self.pick(["index", "unify", "array"])
        if form == "some":
            collection = self.expr(self.pick(["array", "set", "object"]), scope, depth - 1)
            return f"some {self.fresh(scope, 'any')} in {collection}"
        if form == "pair":
            collection = self.expr(self.pick(["array", "object", "set"]), scope, depth - 1)
            return f"some {self.fresh(scope, 'any')}, {self.fresh(scope, 'any')} in {collection}"
        if form == "let":
            value = self.expr(kind, scope, depth)
            return f"{self.fresh(scope, kind)} := {value}"
        if form == "unify":
            value = self.expr(kind, scope, depth)
            name = self.fresh(scope, kind)
            return self.pick([f"{name} = {value}", f"{value} = {name}"])
        if form == "index":
            reference = self.reference(scope)
            index, value = self.fresh(scope, "any"), self.fresh(scope, "any")
            return self.pick([f"{value} = {reference}[{index}]", f"{reference}[{index}] = {value}", f"{reference}[{index}]; {value} = {index}"])
        if form == "keys":
            return f"{self.reference(scope)}[{self.fresh(scope, 'any')}]"
        if form == "declared":
            reference = self.reference(scope)
            index = self.fresh(scope, "any")
            value = self.expr(self.pick(["num", "str"]), scope, 0)
            return f"some {index}\n{reference}[{index}] {self.pick(['==', '!=', '='])} {value}"
        if form == "array":
            values = f"[{self.expr(kind, scope, depth - 1)}, {self.expr('num', scope, depth - 1)}]"
            first, second = self.fresh(scope, kind), self.fresh(scope, "num")
            sides = [f"[{first}, {second}]", values]
            if self.chance(0.3):
                sides.reverse()
            return " = ".join(sides)
        if form == "object":
            values = self.pick([f'{{"a": {self.expr(kind, scope, depth - 1)}}}', "input.m", self.expr("object", scope, 1)])
            return f'{{"a": {self.fresh(scope, kind)}}} {"=" if shuffled else self.pick(["=", ":="])} {values}'
        if form == "output":
            value = self.expr("array", scope, depth - 1)
            return f"count({value}, {self.fresh(scope, 'num')})"
        collection = self.pick(["input.m", "input.any", self.reference(scope)])
        return f"walk({collection}, [{self.fresh(scope, 'array')}, {self.fresh(scope, 'any')}])"

    def test(self, scope, depth):
        form = self.pick(["bool", "bool", "equal", "not", "not", "not", "every", "every", "with", "with", "member", "truthy", "order", "lookup"])
        if depth <= 0 and form in ("every", "with", "not"):
            form = "bool"
        if form == "bool":
            return self.expr("bool", scope, depth)
        if form == "equal":
            kind = self.pick(["num", "str", "any", "array", "object", "set"])
            return f"{self.expr(kind, scope, depth)} {self.pick(['==', '!=', '='])} {self.expr(kind, scope, depth - 1)}"
        if form == "order":
            kind = self.pick(["num", "any"])
            return f"{self.expr(kind, scope, depth)} {self.pick(['<', '<=', '>', '>='])} {self.expr(kind, scope, depth - 1)}"
        if form == "member":
            return f"{self.expr('any', scope, 1)} in {self.expr(self.pick(['array', 'set', 'object']), scope, depth - 1)}"
        if form == "truthy":
            return self.expr("any", scope, depth)
        if form == "lookup":
            return f"{self.pick(['', 'not '])}{self.reference(scope)}[{self.expr('any', scope, 0)}]"
        if form == "not":
            inner = Scope(scope)
            text = self.test_without_not(inner, depth - 1)
            # A search in a negation is refused, by both. OPA 1.20.2 takes `not true` for true where the head calls or
            # refers to something.
            if ("[_]" in text or "true" in text or inner.variables != scope.variables) and self.chance(0.9):
                return self.expr("bool", scope, depth)
            return f"not {text}"
        if form == "every":
            collection = self.expr(self.pick(["array", "set", "object"]), scope, depth - 1)
            inner = Scope(scope)
            first = self.fresh(inner, "any")
            names = f"{first}, {self.fresh(inner, 'any')}" if self.chance(0.3) else first
            body, _ = self.body(inner, self.random.randint(1, 2), depth - 1)
            used = TOKEN.findall(" ".join(body))
            body += [f"{name} != 2" for name in names.split(", ") if name not in used]
            return f"every {names} in {collection} {{ " + "; ".join(body).replace("\n", "; ") + " }"
        return self.replaced(scope, depth)

    def test_without_not(self, scope, depth):
        while True:
            text = self.test(scope, depth)
            if not text.startswith(("not ", "every ")):
                return text

    def replaced(self, scope, depth):
        expression = self.test_without_not(scope, depth - 1)
        if " with " not in expression and self.rules and self.chance(0.7):
            rule = self.pick(list(self.rules))
            expression = self.pick([rule, f"{rule} == {self.expr('any', scope, 0)}", f"{self.fresh(scope, 'any')} = {rule}"])
        for _ in range(self.random.randint(1, 2)):
            targets = ["input", "input.n", "input.m", "input.xs", "input.m.a", "input.s", "input.any"]
            targets += list(self.rules) + ([f"data.lib.{name}" for name in self.lib] if not self.in_lib and self.uses_lib else [])
            target = self.pick(targets)
            value = self.expr(self.pick(["num", "array", "object", "any"]), scope, 1)
            if target == "input":
                value = self.pick(['{"n": 1, "xs": [1]}', '{"m": {"a": 1}}', self.expr("object", scope, 1)])
            expression += f" with {target} as {value}"
        return expression

    # Expressions

    def expr(self, kind, scope, depth):
        names = scope.of(kind)
        if names and self.chance(0.45):
            return self.pick(names)
        if kind == "any":
            kind = self.pick(["num", "str", "bool", "null", "path", "path", "array", "set", "object"])
        return getattr(self, f"expr_{kind}")(scope, max(depth, 0))

    def known(self, kind):
        rules = [name for name, known in self.rules.items() if known == kind]
        if not self.in_lib and self.uses_lib:
            rules += [f"{self.alias}.{name}" for name, known in self.lib.items() if known == kind]
            rules += [f"data.lib.{name}" for name, known in self.lib.items() if known == kind]
        return rules

    def called(self, kind, scope):
        functions = [(name, shape) for name, (known, shape) in self.functions.items() if known == kind]
        if not functions or self.calling:
            return []
        name, shape = self.pick(functions)
        self.calling = True
        call = f"{name}({self.argument(shape, scope)})"
        self.calling = False
        return [call]

    def argument(self, shape, scope):
        if shape == "pattern":
            return self.pick([f"[{self.expr('any', scope, 1)}, {self.expr('any', scope, 0)}]", f'{{"a": {self.expr("any", scope, 1)}}}', "input.m"])
        return self.expr("any", scope, 1)

    def expr_null(self, scope, depth):
        return self.pick(["null", "input.z"])

    def expr_path(self, scope, depth):
        rc = [name for name, kind in scope.variables.items() if kind == "any"]
        paths = [
            "input.any", "input.m.a", "input.m.b", "input.missing", "input.z", "input.f", "input.resource_changes[0].type",
            "input.resource_changes[_].change.after.acl", "input.xs[_]", "input.ks[_]", "input.m[_]", "input.resource_changes[0].change.after",
        ]  # fmt: skip
        if rc:
            name = self.pick(rc)
            paths += [f"{name}.a", f"{name}.change.after", f"{name}.type", f"{name}[0]", f"input.m[{name}]", f"input.xs[{name}]", f"{name}.change.after.tags"]
        return self.pick(paths)

    def expr_num(self, scope, depth):
        flat = ["0", "1", "2", "3", "1.5", "-1", "input.n", "input.n", "input.xs[0]", *self.known("num"), *self.called("num", scope)]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f"count({expr(self.pick(['array', 'set', 'object', 'str']), scope, depth - 1)})",
            lambda: f"{self.group(expr('num', scope, depth - 1))} {self.pick(['+', '-', '*', '/', '%'])} {self.group(expr('num', scope, depth - 1))}",
            lambda: f"{self.pick(['sum', 'max', 'min', 'product'])}([{expr('num', scope, depth - 1)}, {expr('num', scope, 0)}])",
            lambda: f"object.get({expr('object', scope, depth - 1)}, {expr('str', scope, 0)}, {expr('num', scope, 0)})",
            lambda: f"{self.pick(['abs', 'round', 'ceil', 'floor'])}({expr('num', scope, depth - 1)})",
            lambda: f"to_number({expr('str', scope, 0)})",
            lambda: f"{expr('array', scope, depth - 1)}[{expr('num', scope, 0)}]",
            lambda: f"indexof({expr('str', scope, depth - 1)}, {expr('str', scope, 0)})",
        ])()  # fmt: skip

    def group(self, text):
        return f"({text})" if re.search(r"\s", text) else text

    def quoted(self):
        return json.dumps(self.pick(WORDS), ensure_ascii=False)

    def expr_str(self, scope, depth):
        flat = [self.quoted(), self.quoted(), "input.s", "input.ks[0]", "`k`", *self.known("str"), *self.called("str", scope)]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f'sprintf("%v-%v", [{expr("any", scope, depth - 1)}, {expr("any", scope, depth - 1)}])',
            lambda: f'concat(",", {self.pick(["input.ks", "[" + expr("str", scope, depth - 1) + "]", "{" + expr("str", scope, depth - 1) + "}"])})',
            lambda: f"{self.pick(['lower', 'upper'])}({expr('str', scope, depth - 1)})",
            lambda: f'replace({expr("str", scope, depth - 1)}, "a", {self.quoted()})',
            lambda: f"substring({expr('str', scope, depth - 1)}, {self.pick([0, 1])}, {self.pick([-1, 1])})",
            lambda: f"trim_prefix({expr('str', scope, depth - 1)}, {self.quoted()})",
            lambda: f"format_int({expr('num', scope, depth - 1)}, 10)",
            lambda: f"type_name({expr('any', scope, depth - 1)})",
            lambda: f"json.marshal({expr('any', scope, depth - 1)})",
            lambda: f'$"a {{{expr("any", scope, 0)}}}"',
            lambda: f"split({expr('str', scope, depth - 1)}, {self.quoted()})[{self.pick([0, '_'])}]",
        ])()  # fmt: skip

    def expr_bool(self, scope, depth):
        flat = ["true", "false", "input.t", "input.f", *self.known("bool"), *self.called("bool", scope)]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f"{self.pick(['startswith', 'endswith', 'contains'])}({expr('str', scope, depth - 1)}, {expr('str', scope, 0)})",
            lambda: f"{self.pick(['is_string', 'is_null', 'is_number', 'is_object', 'is_array', 'is_set'])}({expr('any', scope, depth - 1)})",
            lambda: f"({expr('any', scope, depth - 1)} in {expr(self.pick(['array', 'set']), scope, depth - 1)})",
            lambda: f"({expr('num', scope, depth - 1)} {self.pick(['<', '>', '==', '!=', '<='])} {expr('num', scope, depth - 1)})",
            lambda: f"({expr('any', scope, depth - 1)} == {expr('any', scope, depth - 1)})",
            lambda: f'regex.match("^a", {expr("str", scope, depth - 1)})',
            lambda: f"count({expr(self.pick(['set', 'array']), scope, depth - 1)}) {self.pick(['>', '==', '!='])} {self.pick([0, 1, 2])}",
        ])()  # fmt: skip

    def separator(self):
        return self.pick([", ", ", ", ",\n\t"])

    def comprehension(self, scope, depth, open_, close, pair=False):
        body, inner = self.body(scope, self.random.randint(1, 3), depth - 1)
        head = self.expr("any", inner, depth - 1)
        if pair:
            head = f"{self.expr('str', inner, 0)}: {head}"
        return f"{open_}{head} | " + "; ".join(body).replace("\n", "; ") + close

    def expr_array(self, scope, depth):
        flat = ["input.xs", "input.ks", "input.xs", "[]", "[1, 2]", '["a", "b"]', "input.resource_changes", *self.known("array")]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f"[{expr('any', scope, depth - 1)}{self.separator()}{expr('any', scope, depth - 1)}]",
            lambda: self.comprehension(scope, depth, "[", "]"),
            lambda: self.comprehension(scope, depth, "[", "]"),
            lambda: f"array.concat({expr('array', scope, depth - 1)}, {expr('array', scope, depth - 1)})",
            lambda: f"sort({expr(self.pick(['array', 'set']), scope, depth - 1)})",
            lambda: f"split({expr('str', scope, depth - 1)}, {self.quoted()})",
            lambda: f"numbers.range(0, {self.pick([1, 2])})",
        ])()  # fmt: skip

    def expr_set(self, scope, depth):
        flat = ["set()", "{1, 2}", '{"a", "b"}', '{{"a": 1}}', *self.known("set"), *self.known("set")]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f"{{{expr('any', scope, depth - 1)}{self.separator()}{expr('any', scope, depth - 1)}}}",
            lambda: self.comprehension(scope, depth, "{", "}"),
            lambda: self.comprehension(scope, depth, "{", "}"),
            lambda: f"({expr('set', scope, depth - 1)} {self.pick(['|', '&', '-'])} {expr('set', scope, depth - 1)})",
            lambda: f"object.keys({expr('object', scope, depth - 1)})",
        ])()  # fmt: skip

    def expr_object(self, scope, depth):
        flat = ["input.m", "input.m", "{}", '{"a": 1, "b": null}', *self.known("object")]
        if depth == 0:
            return self.pick(flat)
        expr = self.expr
        return self.pick([
            lambda: self.pick(flat),
            lambda: f'{{"a": {expr("any", scope, depth - 1)}{self.separator()}"b": {expr("any", scope, depth - 1)}}}',
            lambda: f'{{{expr("str", scope, 0)}: {expr("any", scope, depth - 1)}}}',
            lambda: self.comprehension(scope, depth, "{", "}", pair=True),
            lambda: f"object.union({expr('object', scope, depth - 1)}, {expr('object', scope, depth - 1)})",
            lambda: f'object.remove({expr("object", scope, depth - 1)}, ["a"])',
        ])()  # fmt: skip

    def reference(self, scope):
        """Something that an index may follow."""
        references = ["input.xs", "input.ks", "input.m", "input.resource_changes", "input.m", "input", "input.any"]
        references += [name for name, kind in self.rules.items() if kind in ("set", "object", "array")] * 2
        references += [name for name in scope.variables]
        if not self.in_lib and self.uses_lib:
            references += ["data.lib", self.alias, *[f"data.lib.{name}" for name in self.lib]]
        return self.pick(references)


def as_v0(module):
    """The module in Rego v0: without `if`, and with brackets for the elements of sets."""
    tokens = TOKEN.findall(module)
    closings, written, index, head, keeps_contains = matching(tokens), [], 0, 0, False
    while index < len(tokens):
        token = tokens[index]
        if index in closings:
            written += tokens[index : closings[index] + 1]
            index = closings[index] + 1
            continue
        if token == "contains" and tokens[index + 1 : index + 2] != ["("]:
            start = index + 1
            while start < len(tokens) and tokens[start].isspace():
                start += 1
            end = next((at for at in range(start, len(tokens)) if outside(closings, at, index) and (tokens[at] == "if" or ends_rule(tokens, at))), len(tokens))
            name = "".join(written[head:]).strip()
            if re.fullmatch(r"\w+", name):
                written[head:] = [name, "[", "".join(tokens[index + 1 : end]).strip(), "]", " "]
                index = end
                continue
            keeps_contains = True
        if token == "if":
            start = index + 1
            while start < len(tokens) and tokens[start].isspace():
                start += 1
            closing = closings.get(start) if tokens[start : start + 1] == ["{"] else None
            behind = "".join(tokens[closing + 1 :]) if closing is not None else ""
            if closing is not None and re.match(r"\s*($|else\b|[ \t]*\n)", behind):
                written += tokens[start : closing + 1]
                index = closing + 1
            else:
                end = next((at for at in range(start, len(tokens)) if outside(closings, at, start) and (tokens[at] == "else" or ends_rule(tokens, at))), len(tokens))
                written += ["{ ", "".join(tokens[start:end]).strip(), " }", " "]
                index = end
            continue
        written.append(token)
        if "\n" in token:
            head = len(written)
        index += 1
    lines = "".join(written).split("\n")
    imports = ["import future.keywords.in", "import future.keywords.every"]
    if keeps_contains:
        imports.append("import future.keywords.contains")
    return "\n".join([lines[0], *imports, *lines[1:]])


def outside(closings, at, start):
    """Whether a token is in no brackets that open after `start`."""
    return not any(start < opening <= at <= closing and at != opening for opening, closing in closings.items())


def ends_rule(tokens, at):
    return "\n" in tokens[at] and not (at + 1 < len(tokens) and tokens[at + 1] == "else")


def serve_opa():
    """Answers the questions on standard input, as the example `answers` does."""
    opa = OpaHere()
    for line in sys.stdin:
        print(json.dumps(opa.answers(json.loads(line))), flush=True)
    return 0


class Opa:
    """OPA in a process of its own, since some policies end it."""

    def __init__(self):
        OpaHere()
        self.process = None

    def answers(self, case):
        if self.process is None:
            self.process = subprocess.Popen([sys.executable, __file__, "--serve-opa"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            return [tuple(answer) for answer in json.loads(self.process.stdout.readline())]
        except (OSError, ValueError):
            self.process = None
            return [(ERROR, None)] * len(case["queries"])


class OpaHere:
    def __init__(self):
        try:
            from opa_bindings.engine import OpaEngine
        except ImportError:
            sys.exit(unable("the Python package opa-golib-python-bindings is not there"))
        self.engine = OpaEngine

    def answers(self, case):
        engine = self.engine()
        try:
            for index, module in enumerate(case["modules"]):
                engine.add_policy(f"{index}.rego", module)
        except Exception:
            return [(ERROR, None)] * len(case["queries"])
        answers = []
        for query in case["queries"]:
            try:
                results = engine.eval_query(f"value := {query}", case["input"])
                answers.append(("value", results[0]["value"]) if results else (UNDEFINED, None))
            except Exception as error:
                # A policy that does not compile answers nothing.
                if any(word in str(error) for word in ("rego_parse_error", "rego_compile_error", "rego_unsafe_var", "rego_type_error", "rego_recursion")):
                    return [(ERROR, str(error))] * len(case["queries"])
                answers.append((ERROR, str(error)))
        return answers


class Planguard:
    def __init__(self, program):
        self.program, self.process = program, None

    def answers(self, case):
        if self.process is None:
            try:
                self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            except OSError as error:
                sys.exit(unable(f"{self.program} does not start: {error}"))
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            answers = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.process = None
            return [(ERROR, "crashed")] * len(case["queries"])
        return [(ERROR, answer["error"]) if "error" in answer else ("value", answer["value"]) if "value" in answer else (UNDEFINED, None) for answer in answers]


def unable(reason):
    print(f"fuzz-against-opa: {reason}", file=sys.stderr)
    return 2


def unordered(value):
    """Sets come as arrays, in an order that may differ."""
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((unordered(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def difference(ours, theirs):
    """The kind of a difference, or None."""
    if ours[0] == ERROR and theirs[0] == ERROR:
        return None
    if theirs[0] == ERROR:
        return "lenient"
    if ours[0] == ERROR:
        # Without names.
        reason = re.sub(r"`[^`]*`|\bvar \w+|[(;].*|\d+\.rego\S*", "…", ours[1].split("\n")[0])
        return f"refused {reason[:90]}"
    if ours[0] != theirs[0]:
        return f"silent: {ours[0]} instead of {theirs[0]}"
    if ours[0] == "value" and json.dumps(unordered(ours[1]), sort_keys=True) != json.dumps(unordered(theirs[1]), sort_keys=True):
        return "silent: another value"
    return None


def differences(case, opa, planguard, lenient):
    theirs = opa.answers(case)
    if not lenient and all(answer[0] == ERROR for answer in theirs):
        return [], theirs
    found = []
    answers = planguard.answers(case)
    in_v0 = planguard.answers(written_in_v0(case))
    for query, ours, of_v0, their in zip(case["queries"], answers, in_v0, theirs):
        kind, kind_in_v0 = difference(ours, their), difference(of_v0, their)
        if kind and (lenient or kind != "lenient"):
            found.append((query, kind, ours, their))
        elif kind_in_v0 and kind_in_v0 != "lenient":
            found.append((query, f"v0: {kind_in_v0}", of_v0, their))
    return found, theirs


def written_in_v0(case):
    return {**case, "version": "v0", "modules": [as_v0(module) for module in case["modules"]]}


class Shrinker:
    def __init__(self, opa, planguard, kind, lenient):
        self.opa, self.planguard, self.kind, self.lenient, self.left = opa, planguard, kind, lenient, 1500

    def still_differs(self, case):
        self.left -= 1
        if self.left < 0:
            return False
        found, _ = differences(case, self.opa, self.planguard, self.lenient)
        return any(kind == self.kind for _, kind, _, _ in found)

    def shrink(self, case):
        changed = True
        while changed and self.left > 0:
            changed = False
            for attempt in self.attempts(case):
                if self.still_differs(attempt):
                    case, changed = attempt, True
                    break
        return case

    def attempts(self, case):
        modules = case["modules"]
        for index in range(1, len(modules)):
            yield {**case, "modules": modules[:index] + modules[index + 1 :]}
        for key in [key for key in case["input"] if key not in ("format_version", "resource_changes")]:
            yield {**case, "input": {other: value for other, value in case["input"].items() if other != key}}
        if case["input"].get("resource_changes"):
            yield {**case, "input": {**case["input"], "resource_changes": case["input"]["resource_changes"][:-1]}}
        for index, module in enumerate(modules):
            for text in shorter(module):
                yield {**case, "modules": modules[:index] + [text] + modules[index + 1 :]}


def shorter(module):
    """Texts with a rule, a line, a bracketed part or some tokens less."""
    parts = module.split("\n\n")
    for index in range(1, len(parts)):
        yield "\n\n".join(parts[:index] + parts[index + 1 :])
    lines = module.split("\n")
    for index in range(1, len(lines)):
        yield "\n".join(lines[:index] + lines[index + 1 :])
    tokens = TOKEN.findall(module)
    closings = matching(tokens)
    first = len(TOKEN.findall(lines[0]))
    for start in range(first, len(tokens)):
        if start in closings:
            end = closings[start]
            yield "".join(tokens[:start] + tokens[end + 1 :])
            yield "".join(tokens[:start] + tokens[start + 1 : end] + tokens[end + 1 :])
            if end > start + 1:
                yield "".join(tokens[:start] + ["1"] + tokens[end + 1 :])
    for size in (16, 8, 6, 5, 4, 3, 2, 1):
        for start in range(first, len(tokens) - size + 1):
            dropped = tokens[start : start + size]
            if dropped[0].isspace() and size > 1 or all(token.isspace() for token in dropped):
                continue
            yield "".join(tokens[:start] + tokens[start + size :])


def matching(tokens):
    open_, closings = [], {}
    for index, token in enumerate(tokens):
        if token in OPENING:
            open_.append(index)
        elif token in CLOSING and open_:
            closings[open_.pop()] = index
    return closings


def fact(name, case, query, ours, theirs):
    """The case as a fact; `engine` says what planguard answers where that differs."""
    text = lambda answer: json.dumps(answer[1], ensure_ascii=False) if answer[0] == "value" else answer[0]
    multiline = lambda module: "'''\n" + module.rstrip("\n") + "'''"
    lines = ["[[case]]", f"name = {json.dumps(name)}", f"modules = [{', '.join(map(multiline, case['modules']))}]"]
    lines.append(f"input = '''{json.dumps(case['input'], ensure_ascii=False)}'''")
    if "version" in case:
        lines.insert(2, f'version = "{case["version"]}"')
    if query != "data.main.r":
        lines.append(f'query = "{query}"')
    lines.append(f"opa = '''{text(theirs)}'''")
    if text(ours) != text(theirs) and difference(ours, theirs):
        lines.append(f"engine = '''{text(ours)}'''")
    return "\n".join(lines) + "\n"


def record(options, opa, planguard):
    """Prints facts of policies that OPA evaluates, in the order of their seeds."""
    print("# Generated by scripts/fuzz-against-opa.py.\n")
    left, seed = options.record, options.start
    while left > 0:
        case = Generator(seed).case()
        theirs, ours = opa.answers(case), planguard.answers(case)
        answered = [index for index, answer in enumerate(theirs) if answer[0] != ERROR]
        defined = [index for index in answered if theirs[index][0] == "value"]
        # An undefined rule says less, so only some are kept.
        if defined or answered and seed % 4 == 0:
            index = max(defined or answered)
            print(fact(f"seed {seed}", case, case["queries"][index], ours[index], theirs[index]))
            left -= 1
        seed += 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="start", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="the number of policies")
    parser.add_argument("--answers", default=str(ANSWERS), help="the built example `answers`")
    parser.add_argument("--show", type=int, default=3, help="differences of each kind to shrink and print")
    parser.add_argument("--lenient", action="store_true", help="also what OPA refuses and planguard evaluates")
    parser.add_argument("--only", default="", help="kinds that begin like this")
    parser.add_argument("--record", type=int, default=0, metavar="N", help="print N facts instead")
    parser.add_argument("--serve-opa", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_opa:
        return serve_opa()
    opa, planguard = Opa(), Planguard(options.answers)
    if options.record:
        return record(options, opa, planguard)
    kinds, asked, compiled = collections.Counter(), 0, 0
    for seed in range(options.start, options.start + options.count):
        case = Generator(seed).case()
        found, theirs = differences(case, opa, planguard, options.lenient)
        asked += len(theirs)
        compiled += any(answer[0] != ERROR for answer in theirs)
        for kind in {kind for _, kind, _, _ in found if kind.startswith(options.only)}:
            kinds[kind] += 1
            if kinds[kind] <= options.show:
                small = Shrinker(opa, planguard, kind, options.lenient).shrink(case)
                again, _ = differences(small, opa, planguard, options.lenient)
                query, _, ours, their = next(one for one in again if one[1] == kind)
                print(f"# {kind}: {ours[1] if ours[0] == ERROR else ''}\n# {their[1] if their[0] == ERROR else ''}".replace("\n# \n", "\n"))
                if kind.startswith("v0"):
                    small = written_in_v0(small)
                print(fact(f"seed {seed}", small, query, ours, their), flush=True)
    print(f"{options.count} policies, {compiled} of them valid, {asked} rules")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
