"""Texts with characters that tokenizers treat specially; none of them is in a file in a normal form that an editor might change."""

SPACES = [
    "how\u00a0far\u1680is\u2000it\u2001to\u2002the\u2003old\u2004town\u2005and\u2006why\u2007so\u2008far\u2009out",
    "how\u200afar\u202fis\u205fit\u3000to\u2028the\u2029old\u0085town",
    *(
        "",
        " ",
        "  \t\n ",
        "  lead",
        "trail  ",
        "a  b   c    d",
        "tab\tsep\t\tx",
        "line\nbreak\n\nx\r\ny\rz",
        " \u00a0 x \u00a0",
    ),
    *("\u00a0", "x\u3000\u3000y \u3000 z", "a\u00a0 b", "a \u00a0b", "\u180emongol\u180e vowel"),
]
CONTROLS = [
    *("a\0b how\0far", "\0", "\0\0 x", "a\x01b\x7fc\x1bd", "a\x0bb\x0cc\x1cd\x1de\x1ef\x1fg", "a\x80b\x84c\x86d\x9fe"),
    *(
        "zero\u200bwidth",
        "zw\u200cnj zw\u200dj",
        "soft\u00adhyphen",
        "bom\ufeffinside",
        "x\u2060y\u2061z",
        "\u200eltr\u200frtl",
    ),
    *(
        "\u202aa\u202bb\u202cc\u202dd\u202ee",
        "\u2066x\u2069",
        "\u061carabic",
        "\U000e0001tag\U000e0041",
        "repl\ufffdacement",
    ),
    *("private\ue000use\uf8ff\U000f0000", "last\U0010ffff", "non\ufdd0character\ufffe", "unassigned\u0378x\U000323b0"),
]
MARKS = [
    *(
        "caf\u00e9 na\u00efve \u00c5NGSTR\u00d6M",
        "cafe\u0301 e\u0301\u0323\u0300",
        "\u0301",
        "\u0301\u0302 \u0303",
        "a\u0345b",
    ),
    *("\u1e9b\u0323 \u0344", "\u0958\u0915\u093c", "\u0e01\u0e33", "\u3099\u304b\u3099 \uff76\uff9e", "\u20dd x\u20dd"),
]
SCRIPTS = [
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01\uff08\u6d4b\u8bd5\uff09\uff1a\u201c\u5f15\u53f7\u201d\u3002\uff21\uff22\uff23\uff11\uff12",
    "\u5979\u8bf4\uff1f\u300a\u4e66\u300b\u3001\u2014\u2014\u2026\u2026\uff5e\uff0d\uff0f\uff05\uff04\uff5c",
    "\U00020000\U0002a6d6\U0002b740 \U00012000 \U0001d49c\U0001d4c1 \uf900\U0002f800",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e8\U0001f1f3 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627 \u0661\u0662 \u0640\u0651 \ufdfa",
    "\uac01 \u1100\u1161\u11a8 \ud55c\uad6d\uc5b4 \u3131\u314f", "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0e01\u0e33",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u096c \u0966", "\u039f\u0394\u039f\u03a3 \u03a3 \u03c3\u03c2 \u0391\u03a3.",
    "\u0130stanbul ISPARTA \u0131 i\u0307", "Stra\u00dfe STRASSE \u1e9e \u00df", "\ufb01le \ufb02ow \ufb00 \u0133 \u01c4 \u01c5",
    "\u00bd \u00b2 \u2167 \u2460 \u2103 \u338f \u3231 \u00bc\u00be",
    "mixed\u6f22\u5b57\u3068\u304b\u306acyrillic\u0416\u0436\u03b2",
    "\u212b \u00c5 \u2126 \u03a9 \u2160 \uff73", "\u00a8 x\u00b4y \u00b8 \u02d8a", "\u0134A \u0134B \u096c",
    "\u2581a \u2581\u2581 b\u2581",
]  # fmt: skip
SIGNS = [
    *(
        "$1,000.50 costs 3.14 1234567890",
        "https://example.com/a?b=c&d=%20#x user@mail.com",
        "a$b^c`d|e~f+g=h<i>j",
        "##ing ## #a",
    ),
    *(
        "don't we'll I'm they've 's 'S DON'T y'all",
        "``quoted'' text",
        "\u2026\u2014\u2013\u2018\u2019\u201c\u201d\u00ab\u00bb",
        "A-B_C",
    ),
]
LONG = [
    *(
        "z" * 99 + " " + "z" * 100 + " " + "z" * 101,
        "\u597d" * 201,
        "\u00e9" * 60 + " " + "\u00e9" * 101,
        "a" * 200,
        "a" * 201,
    ),
    *("how far " * 6000, "(" * 300, "\u0301" * 300, "x" + "\u0301" * 300),
]
TYPED = [
    *(
        "[SEP] is [MASK] it [CLS][PAD][UNK]",
        "<s> a </s> <mask> <pad> <unk><mask>",
        "it <mask>b  <mask> c",
        "[sep] [Mask] <S>",
    ),
    *("<|endoftext|>x <|endoftext|>", "a[SEP]b", "[ SEP ]", "\u3000<mask>", "[SEP", "a [MASK]. b"),
]
ODD = [*SPACES, *CONTROLS, *MARKS, *SCRIPTS, *SIGNS, *LONG, *TYPED]
