"""Licences in headers of program files, and lines that no person has written."""

import pytest

from mathmill.decontaminate.code import allowed, licences, unfit
from mathmill.decontaminate.config import DecontaminateConfig

SETTINGS = DecontaminateConfig()
MIT = """// Copyright (c) 2020 Somebody
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software, to deal in the Software without restriction
int main() { return 0; }
"""
GPL = """/*
 * This program is free software: you can redistribute it and/or modify it under the terms of the GNU
 * General Public License as published by the Free Software Foundation, either version 3.
 */
#include <stdio.h>
"""
BSD = """# Redistribution and use in source and binary forms, with or without
# modification, are permitted. Neither the name of the owner may be used without specific prior written permission.
x = 1
"""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("# SPDX-License-Identifier: MIT\nx = 1", True),
        ("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n", True),
        ("# SPDX-License-Identifier: GPL-3.0-or-later\nx = 1", False),
        ("# SPDX-License-Identifier: (MIT OR GPL-2.0-only)\nx = 1", True),
        ("# SPDX-License-Identifier: MIT AND GPL-2.0-only\nx = 1", False),
        ("/* SPDX-License-Identifier: BSD-3-Clause */\n", True),
        ("# SPDX-License-Identifier: LicenseRef-Proprietary\n", False),
        (MIT, True),
        (GPL, False),
        (BSD, True),
        ("# Licensed under the Apache License, Version 2.0 (the License)\n", True),
        ("# This Source Code Form is subject to the terms of the Mozilla\n# Public License, v. 2.0.\n", False),
        ("# Released under the LGPL\n", False),
        ("# Licensed under MIT, parts under the GNU General Public License\n", False),
        ("# This file is in the public domain.\n", True),
        ("# PROPRIETARY AND CONFIDENTIAL\n", False),
        ('"""Sort a list."""\n\ndef sort(xs):\n    return sorted(xs)\n', None),
        ("x = 1\n# GNU General Public License\n", None),  # not the header any more
        ('#!/usr/bin/env python\n"""Talk about\n\nthe MIT License."""\nimport os\n', True),
        ("<!-- GPL v3 -->\n<p>", False),
    ],
)
def test_licences(text: str, verdict: bool | None) -> None:
    assert allowed(text, SETTINGS.licences) is verdict


def test_names() -> None:
    assert licences("# SPDX-License-Identifier: MIT OR Apache-2.0") == [frozenset({"mit"}), frozenset({"apache-2.0"})]
    assert licences(GPL) == [frozenset({"gpl"})]
    assert licences("no licence at all") == []


def test_reasons() -> None:
    plain = "x = 1\n" * 20
    assert unfit(plain, SETTINGS) is None
    assert unfit(plain, DecontaminateConfig(unlicensed="drop")) == "no_licence"
    assert unfit(plain, DecontaminateConfig(unlicensed="drop"), inherited=True) is None
    assert unfit(plain, SETTINGS, inherited=False) == "licence"
    assert unfit(MIT, SETTINGS, inherited=False) is None  # its own header counts more than its tree's
    assert unfit(GPL, SETTINGS) == "licence"
    assert unfit(GPL, DecontaminateConfig(licences=["gpl"])) is None
    assert unfit("x = [" + "1, " * 500 + "]\n" + plain * 10, SETTINGS) == "long_line"
    assert unfit(("y = " + "1 + " * 40 + "1\n") * 5, SETTINGS) == "long_lines"
