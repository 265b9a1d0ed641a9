package dynamokey

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for text, key := range map[string]Key{
		"tenants?pk=tenant#1":               Of("tenants", Attribute{"pk", String, "tenant#1"}),
		"tenants?pk=tenant#1&sk=7":          Of("tenants", Attribute{"sk", Number, "7"}, Attribute{"pk", String, "tenant#1"}),
		`tenants?pk="7"`:                    Of("tenants", Attribute{"pk", String, "7"}),
		`tenants?pk="007"`:                  Of("tenants", Attribute{"pk", String, "007"}),
		`tenants?pk="1e3"`:                  Of("tenants", Attribute{"pk", String, "1e3"}),
		"tenants?pk=-0.5":                   Of("tenants", Attribute{"pk", Number, "-0.5"}),
		"tenants?pk=base64:AP8=":            Of("tenants", Attribute{"pk", Binary, "\x00\xff"}),
		`tenants?pk="base64:AP8="`:          Of("tenants", Attribute{"pk", String, "base64:AP8="}),
		`tenants?pk="a&b=c"&sk=d=e`:         Of("tenants", Attribute{"pk", String, "a&b=c"}, Attribute{"sk", String, "d=e"}),
		`tenants?"a=b"=c`:                   Of("tenants", Attribute{"a=b", String, "c"}),
		`tenants?pk="say \"a\""`:            Of("tenants", Attribute{"pk", String, `say "a"`}),
		`tenants?pk=say a`:                  Of("tenants", Attribute{"pk", String, "say a"}),
		`tenants?pk=" a"`:                   Of("tenants", Attribute{"pk", String, " a"}),
		`tenants?pk="a\nb"`:                 Of("tenants", Attribute{"pk", String, "a\nb"}),
		"tenants?pk=/prod/app?x":            Of("tenants", Attribute{"pk", String, "/prod/app?x"}),
		"tenants?pk=Größe":                  Of("tenants", Attribute{"pk", String, "Größe"}),
		"arn:aws:dynamodb:a:b:table/t?pk=x": Of("arn:aws:dynamodb:a:b:table/t", Attribute{"pk", String, "x"}),
	} {
		if got := key.String(); got != text {
			t.Errorf("%+v is %q, want %q", key, got, text)
		}
		if got, err := Parse(text); err != nil || !same(got, key) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
}

func same(a, b Key) bool { return a.Table == b.Table && slices.Equal(a.Attributes, b.Attributes) }

func TestWhatIsNoText(t *testing.T) {
	for _, text := range []string{"t?", "t?pk", `t?"pk`, `t?"pk"x=1`, `t?pk="x`, `t?pk="x"y`, "t?pk=base64:!", "t?pk=x&", "t?pk=x&sk"} {
		if k, err := Parse(text); err == nil {
			t.Errorf("%q is read as %+v", text, k)
		}
	}
}

func TestCanonical(t *testing.T) {
	for s, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0", "0e5": "0", "7": "7", "+7": "7", "007": "7", "7.0": "7", "7.": "7", ".5": "0.5", "-.5": "-0.5", "70": "70",
		"1e3": "1000", "1E+3": "1000", "1.5e-3": "0.0015", "120e-1": "12", "100": "100",
		"1e125": "1" + strings.Repeat("0", 125), "1e-130": "0." + strings.Repeat("0", 129) + "1",
		strings.Repeat("9", 38):         strings.Repeat("9", 38),
		strings.Repeat("9", 38) + "000": strings.Repeat("9", 38) + "000",
	} {
		if got, ok := Canonical(s); !ok || got != want {
			t.Errorf("%q is %q, %v, want %q", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", "-", "+", ".", "e5", "1e", "1e+", "0x1", "1_0", "NaN", "Inf", " 1", "1 ", "-+1", "+-1", "--1", "1e126", "1e-131", "1e99999", "1e999999999",
		strings.Repeat("9", 39), "1.2.3", "١",
	} {
		if got, ok := Canonical(s); ok {
			t.Errorf("%q is %q", s, got)
		}
	}
}

// FuzzKey holds that two keys have the same text only if they are the same.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"tenant#1", "7", "a&b", `"`, "base64:", "é", "\xff", "", " ", "a=b", "\n", "1e5"} {
		f.Add("pk", seed, "sk", seed, 0, 1)
		f.Add(seed, "x", "sk", "7", 1, 2)
	}
	f.Fuzz(func(t *testing.T, name, value, other, second string, kind, secondKind int) {
		if name == other {
			return
		}
		k := Of("table", attribute(name, value, kind), attribute(other, second, secondKind))
		for _, a := range k.Attributes {
			if !utf8.ValidString(a.Name) || a.Kind == String && !utf8.ValidString(a.Value) {
				return // is refused before
			}
		}
		text := k.String()
		if got, err := Parse(text); err != nil || !same(got, k) {
			t.Errorf("%+v is %q, and read again %+v, %v", k, text, got, err)
		}
		if flagged, err := Parse(text + "&consistent"); err == nil {
			t.Errorf("%q is a key too: %+v", text+"&consistent", flagged)
		}
	})
}

func attribute(name, value string, kind int) Attribute {
	switch kind % 3 {
	case 1:
		if n, ok := Canonical(value); ok {
			return Attribute{name, Number, n}
		}
	case 2:
		return Attribute{name, Binary, value}
	}
	return Attribute{name, String, value}
}

// FuzzCanonical holds that a number stays the number that it is, and that there is one
// way to write it.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"0", "-0", "7.0", "1e5", "-1.50e-3", "1e125", "1e-130", ".5", "5.", "00.00", "1E+0010", "9e-9999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Canonical(s)
		if !ok {
			return
		}
		if again, ok := Canonical(got); !ok || again != got {
			t.Errorf("%q becomes %q, and that %q", s, got, again)
		}
		a, aok := new(big.Rat).SetString(s)
		b, bok := new(big.Rat).SetString(got)
		if !aok || !bok || a.Cmp(b) != 0 {
			t.Errorf("%q is not %q", s, got)
		}
	})
}
