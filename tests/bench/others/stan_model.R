# The pooling reference by brms (compiled anew) or rstanarm (compiled beforehand), end to end: cells.csv, package.
suppressMessages({library(rstan); library(posterior)})
rstan_options(boost_lib = "/usr/include")
options(mc.cores = 2)
told <- commandArgs(trailingOnly = TRUE)
cells <- read.csv(told[1])
cells$s <- cells$sex - 0.5
cells$sexage <- paste(cells$sex, cells$age)
if (told[2] == "brms") {
  suppressMessages(library(brms))
  prior <- c(prior(normal(-5, 1.5), class = Intercept), prior(normal(0, 0.5), class = b), prior(normal(0, 0.5), class = sd))
  fit <- brm(k | trials(n) ~ s + x1 + x2 + x3 + (1 | region) + (1 | subregion) + (1 | country) + (1 | age) + (1 | sexage),
             cells, binomial(), prior, chains = 4, cores = 2, warmup = 1000, iter = 2000, seed = 7, refresh = 0, silent = 2,
             control = list(adapt_delta = 0.95))
  fit <- fit$fit
  draws <- summarise_draws(subset_draws(as_draws_array(fit), "^(b_|sd_)", regex = TRUE), "ess_bulk")
} else {
  suppressMessages(library(rstanarm))
  fit <- stan_glmer(cbind(k, n - k) ~ s + x1 + x2 + x3 + (1 | region) + (1 | subregion) + (1 | country) + (1 | age) + (1 | sexage),
                    family = binomial(), data = cells, prior = normal(0, 0.5), prior_intercept = normal(-5, 1.5), chains = 4, warmup = 1000,
                    iter = 2000, seed = 7, refresh = 0, adapt_delta = 0.95)
  fit <- fit$stanfit
  draws <- summarise_draws(subset_draws(as_draws_array(fit), "^(\\(Intercept\\)|s$|x[123]$|Sigma)", regex = TRUE), "ess_bulk")
}
cat(min(as.numeric(draws$ess_bulk)), sum(get_divergent_iterations(fit)), "\n")
