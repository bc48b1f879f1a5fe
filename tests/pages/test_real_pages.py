"""Formulas of real pages, compared by eye with their sources: 22 pages of documentation, one of the web without any."""

import re
from pathlib import Path

import pytest

from mathmill.pages.charset import decode
from mathmill.pages.html import page_text
from mathmill.pages.warc import Response, responses

_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$")
REAL: dict[str, list[str]] = {
    "http://python-scipy-doc.example/reference/generated/scipy.special.jve.html": [
        r"$I_v$",
        r"$$\begin{align}\begin{aligned}J_v(z) = \exp(v\pi\imath/2) I_v(-\imath z)\qquad (\Im z > 0)"
        r"\\J_v(z) = \exp(-v\pi\imath/2) I_v(\imath z)\qquad (\Im z < 0)\end{aligned}\end{align}$$",
        r"$$J_{-v}(z) = J_v(z) \cos(\pi v) - Y_v(z) \sin(\pi v)$$",
        r"$Y_v(z)$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.special.roots_sh_chebyt.html": [
        r"$T_n(x)$",
        r"$2n - 1$",
        r"$[0, 1]$",
        r"$w(x) = 1/\sqrt{x - x^2}$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.spatial.distance.correlation.html": [
        r"$$1 - \frac{(u - \bar{u}) \cdot (v - \bar{v})} {{\|(u - \bar{u})\|}_2 {\|(v - \bar{v})\|}_2}$$",
        r"$\bar{u}$",
        r"$x \cdot y$",
        r"$x$",
        r"$y$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.gam.generalized_additive_model.LogitGam.pdf.html": [
        r"$$\lambda\left(x^{\prime}\beta\right)=\frac{e^{-x^{\prime}\beta}}{\left(1+e^{-x^{\prime}\b"
        r"eta}\right)^{2}}$$",
    ],
    "http://libeigen3-doc.example/classEigen_1_1RealSchur.html": [
        r"$A = U T U^T$",
        r"$U^{-1} = U^T$",
        r"$25n^3$",
        r"$10n^3$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.stats.loglaplace.html": [
        r"$$\begin{split}f(x, c) = \begin{cases}\frac{c}{2} x^{ c-1} &\text{for } 0 < x < 1\\ \frac{"
        r"c}{2} x^{-c-1} &\text{for } x \ge 1 \end{cases}\end{split}$$",
        r"$c > 0$",
        r"$c$",
    ],
    "http://libeigen3-doc.example/classEigen_1_1Transpositions.html": [
        r"$[T_{n-1} \ldots T_{i} \ldots T_{0}]$",
        r"$T_{i}$",
        r"$T_{i} M$",
        r"$M T_{i}$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.special.eval_hermite.html": [
        r"$$H_n(x) = (-1)^n e^{x^2} \frac{d^n}{dx^n} e^{-x^2};$$",
        r"$H_n$",
        r"$n$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.stats.qmc.QMCEngine.integers.html": [
        r"$[0, 1)$",
        r"$[a, b), b>a$",
        r"$a$",
        r"$b$",
        r"$$\text{floor}((b - a) \cdot \text{sample} + a)$$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.special.rgamma.html": [
        r"$1 / \Gamma(z)$",
        r"$\Gamma$",
    ],
    "http://python-scipy-doc.example/reference/generated/scipy.stats.foldcauchy.html": [
        r"$$f(x, c) = \frac{1}{\pi (1+(x-c)^2)} + \frac{1}{\pi (1+(x+c)^2)}$$",
        r"$x \ge 0$",
        r"$c \ge 0$",
        r"$c$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.tsa.statespace.dynamic_factor.DynamicFactorResults.coefficients_of_determination.html": [  # noqa: E501
        r"$R^2$",
        r"$R^2$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.tsa.vector_ar.var_model.VARProcess.ma_rep.html": [
        r"$\infty$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.discrete.discrete_model.GeneralizedPoissonResults.resid.html": [  # noqa: E501
        r"$$y - p$$",
        r"$p = \exp(X\beta)$",
    ],
    "http://libeigen3-doc.example/classEigen_1_1SparseSelfAdjointView.html": [
        r"$this = this + \alpha ( u u^* )$",
        r"$this = this + \alpha ( u^* u )$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.tsa.vector_ar.var_model.VARResults.orth_ma_rep.html": [
        r"$\Sigma_u = PP^\prime$",
        r"$\Sigma_u$",
    ],
    "http://python-statsmodels-doc.example/generated/statsmodels.tsa.forecasting.theta.ThetaModelResults.forecast.html": [  # noqa: E501
        r"$$\hat{X}_{T+h|T} = \frac{\theta-1}{\theta} b_0 \left[h - 1 + \frac{1}{\alpha} - \frac{(1-"
        r"\alpha)^T}{\alpha} \right] + \tilde{X}_{T+h|T}$$",
        r"$\tilde{X}_{T+h|T}$",
        r"$\alpha$",
        r"$b_0$",
    ],
    "http://libeigen3-doc.example/classEigen_1_1ArithmeticSequence.html": [
        r"$a_0, a_1, a_2, ..., a_{n-1}$",
        r"$a_0$",
        r"$a_{i+1}-a_{i}$",
        r"$a_0$",
        r"$a_i$",
    ],
    "http://libeigen3-doc.example/group__enums.html": [
        r"$Ax = \lambda B x$",
        r"$ABx = \lambda x$",
        r"$BAx = \lambda x$",
    ],
    "http://python-mpmath-doc.example/calculus/optimization.html": [
        r"$f(x) = 0$",
        r"$x$",
        r"$|f(x)|^2 \leq \mathrm{tol}$",
        r"$f(x)=0$",
        r"$x$",
        r"$|f(x)|^2 \leq \mathrm{tol}$",
        r"$|f(x)|^2 > \mathrm{tol}$",
        r"$\pi$",
        r"$\sin x$",
        r"$x_0 = 3$",
        r"$w e^w$",
    ],
    "http://python-mpmath-doc.example/contexts.html": [
        r"$[a,b]$",
        r"$\{x : a \le x \le b\}$",
        r"$a$",
        r"$b$",
        r"$\pm \infty$",
        r"$[a,b] + [c,d]i$",
        r"$\{z = x+iy : a \le x \le b \land c \le y \le d\}$",
        r"$f$",
        r"$\hat f$",
        r"$f(v) \subseteq \hat f(v)$",
        r"$v$",
        r"$e^{\pi \sqrt{163}} < 262537412640768744$",
        r"$x-y$",
    ],
    "http://python-mpmath-doc.example/calculus/polynomials.html": [
        r"$[c_n, \ldots, c_2, c_1, c_0]$",
        r"$x$",
        r"$$P(x) = c_n x^n + \ldots + c_2 x^2 + c_1 x + c_0.$$",
        r"$P(x)$",
        r"$P'(x)$",
        r"$(P(x), P'(x))$",
        r"$x^3 - x^2 - 14x + 24$",
        r"$4x^2 + 3x + 2$",
        r"$x^5 - 1$",
    ],
    "https://an.wikipedia.org/wiki/Escopete": [],
}


def test_there_are_enough() -> None:
    assert sum(bool(formulas) for formulas in REAL.values()) >= 20


@pytest.fixture(scope="module")
def pages(request: pytest.FixtureRequest) -> dict[str, str]:
    """The texts of the pages."""
    shared: Path = request.getfixturevalue("shared_data")
    found = {}
    for file in sorted((shared / "warc").glob("*.warc.gz")):
        for item in responses(file, 8_000_000):
            if isinstance(item, Response) and item.url in REAL:
                found[item.url] = page_text((decode(item.body, item.charset) or ("", ""))[0])
    return found


@pytest.mark.parametrize("url", REAL)
def test_formulas(url: str, pages: dict[str, str]) -> None:
    assert _FORMULA.findall(pages[url]) == REAL[url]
