"""The style sheet of a report: a calm page on screens of any width, whole sections on paper."""

STYLE = """
:root {color-scheme:light;}
* {box-sizing:border-box;}
body {margin:0; background:#fff; color:#14181C; font:16px/1.55 system-ui, sans-serif;
  -webkit-print-color-adjust:exact; print-color-adjust:exact;}
main {max-width:60rem; margin:0 auto; padding:2rem 1.25rem 3rem;}
h1 {font-size:1.9rem; line-height:1.2; margin:0 0 .3rem; overflow-wrap:anywhere;}
h2 {font-size:1.3rem; margin:2.2rem 0 .5rem; padding-top:1rem; border-top:1px solid #D9DEE3;
  overflow-wrap:anywhere;}
h3 {font-size:1.05rem; margin:1.5rem 0 .4rem; overflow-wrap:anywhere;}
p {margin:.4rem 0;} .lead {color:#4A545E; max-width:44rem;}
.figures {display:flex; flex-wrap:wrap; gap:.7rem 2.2rem; margin:1.2rem 0;}
.figures small {display:block; color:#4A545E;}
.figures b {font-size:1.35rem; font-weight:600; font-variant-numeric:tabular-nums;}
.wide {overflow-x:auto;}
table {border-collapse:collapse; width:100%; font-size:.92rem; margin:.6rem 0;}
th, td {text-align:left; padding:.3rem .8rem .3rem 0; border-bottom:1px solid #E6EAEE;
  vertical-align:top; overflow-wrap:break-word;}
th {font-weight:600; color:#4A545E;} td.n, th.n {text-align:right; white-space:nowrap;
  font-variant-numeric:tabular-nums;}
td i {display:inline-block; width:.75em; height:.75em; border-radius:.2em; margin-right:.45em;}
.peaks {display:flex; flex-wrap:wrap; gap:.7rem; margin:.6rem 0;}
.peaks figure {margin:0; width:6.2rem; font-size:.85rem; line-height:1.3;}
.peaks img {width:6.2rem; height:6.2rem; object-fit:cover; border-radius:.4rem; display:block;
  margin-bottom:.25rem;}
.care {background:#F4F6F8; border-radius:.6rem; padding:.8rem 1.1rem; margin-top:1rem;}
.care ul {margin:.3rem 0; padding-left:1.1rem;}
footer {color:#4A545E; font-size:.85rem; margin-top:2.5rem;}
@media (max-width:40rem) {main {padding:1.2rem 1rem 2rem;} h1 {font-size:1.55rem;}
  table {font-size:.86rem;} th, td {padding-right:.5rem;}}
@page {margin:16mm 14mm;}
@media print {body {font-size:10.5pt;} main {max-width:none; padding:0;}
  h2, h3 {break-after:avoid;} .person, .care, tr, figure {break-inside:avoid;}
  .wide {overflow:visible;}}
"""
