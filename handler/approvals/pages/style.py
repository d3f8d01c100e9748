"""The look of the pages: system fonts, one column, light and dark."""

STYLE = """
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#171b20;--soft:#56606b;
--line:#e1e5ea;--well:#f7f8fa;--yes:#0d6b48;--yes-ink:#fff;--no:#a3242b;--warn:#fff4d6;
--warn-ink:#5c4300;--ring:#2563c9}
@media(prefers-color-scheme:dark){:root{--ground:#0f1215;--card:#181c20;--ink:#e9ecef;
--soft:#a4aeb9;--line:#2c3239;--well:#12161a;--yes:#4cc593;--yes-ink:#06150e;--no:#ff9d97;
--warn:#3b2f0c;--warn-ink:#f6dc9a;--ring:#8ab4ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);-webkit-text-size-adjust:100%;
font:16px/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Noto Sans",Helvetica,Arial,
sans-serif}
main{max-width:42rem;margin:0 auto;padding:1.25rem 1rem 3rem}
.brand{display:flex;align-items:center;gap:.5rem;margin:0 0 1rem .25rem;font-weight:600;
font-size:.9375rem;color:var(--soft)}
.brand svg{width:1.125rem;height:1.125rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:1rem;overflow:hidden}
.part{padding:1.25rem}
.part+.part{border-top:1px solid var(--line)}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem;font-weight:650;letter-spacing:-.01em;
overflow-wrap:anywhere}
h2{font-size:.8125rem;font-weight:600;color:var(--soft);margin:0 0 .625rem}
p{margin:0;overflow-wrap:anywhere}
p+p{margin-top:.5rem}
.soft{color:var(--soft);font-size:.875rem}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
h1 .mono{font-size:.9375em;letter-spacing:-.02em}
.rule{font-size:.8125rem;color:var(--soft)}
.reason+.reason{margin-top:1rem}
.values{margin:0;background:var(--well);border:1px solid var(--line);border-radius:.625rem;
overflow:hidden;font-size:.875rem}
.values>div{display:grid;grid-template-columns:minmax(6rem,32%) 1fr;gap:.125rem 1rem;
padding:.5625rem .875rem}
.values>div+div{border-top:1px solid var(--line)}
.values dt{color:var(--soft)}
.values dt,.values dd{overflow-wrap:anywhere;min-width:0}
.values dd{margin:0;white-space:pre-wrap}
.d1 dt{padding-left:1rem}.d2 dt{padding-left:2rem}.d3 dt{padding-left:3rem}
.d4 dt{padding-left:4rem}
.esc{color:var(--no);font-size:.9em}
.flag{margin-top:.625rem;padding:.5625rem .875rem;border-radius:.625rem;background:var(--warn);
color:var(--warn-ink);font-size:.875rem}
.flag b{font-weight:650}
.values .flag{margin-top:.375rem;padding:.375rem .625rem;white-space:normal}
.part .flag+.flag{margin-top:.375rem}
.said{list-style:none;margin:0;padding:0}
.said li{display:flex;gap:.625rem;align-items:flex-start;overflow-wrap:anywhere}
.said li+li{margin-top:.625rem}
.said li>span{min-width:0}
.said svg{flex:none;width:1.25rem;height:1.25rem;margin-top:.125rem}
label{display:block;font-size:.875rem;font-weight:600;margin-bottom:.375rem}
label span{font-weight:400;color:var(--soft)}
textarea{display:block;width:100%;min-height:3.25rem;padding:.625rem .75rem;resize:vertical;
font:inherit;color:inherit;background:var(--well);border:1px solid #858f9a;border-radius:.625rem}
.choice{display:grid;grid-template-columns:2fr 3fr;gap:.75rem;margin-top:1rem}
button{min-height:3rem;padding:.625rem 1rem;border-radius:.625rem;font:inherit;font-weight:650;
cursor:pointer;border:1px solid transparent}
.approve{background:var(--yes);color:var(--yes-ink)}
.reject{background:transparent;color:var(--no);border-color:currentColor}
:focus-visible{outline:3px solid var(--ring);outline-offset:2px}
.facts{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0;font-size:.8125rem;
color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere;min-width:0}
.end{text-align:center;padding:2.5rem 1.5rem}
.end svg{width:3.25rem;height:3.25rem;margin-bottom:.75rem}
.yes{color:var(--yes)}.no{color:var(--no)}.calm{color:var(--soft)}
.foot{margin:1rem .25rem 0;color:var(--soft);font-size:.8125rem}
a{color:inherit}
.list{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.list li+li{border-top:1px solid var(--line)}
.list a{display:block;min-height:2.75rem;padding:.875rem 1.25rem;text-decoration:none}
@media(min-width:40rem){.list a{padding:.875rem 1.75rem}}
.list a:hover{background:var(--well)}
.list b{font-weight:600;display:block;overflow-wrap:anywhere}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8125rem}
iframe{display:block;width:100%;height:36rem;border:0;background:#f5f6f8}
@media(min-width:40rem){main{padding-top:3rem}.part{padding:1.5rem 1.75rem}
.end{padding:3.5rem 2rem}h1{font-size:1.75rem}.brand{margin-bottom:1.25rem}}
@media(max-width:30rem){.values>div{display:flex;flex-wrap:wrap}.values dt{min-width:6.5rem}
.values dd .flag{margin-left:0}.d1{padding-left:1.75rem!important}
.d2{padding-left:2.5rem!important}.d3{padding-left:3.25rem!important}
.d4{padding-left:4rem!important}.values dt{padding-left:0!important}}
@media(min-width:60rem){.wide{max-width:60rem}}
"""
