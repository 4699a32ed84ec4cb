# Stan's sampling of the pooling reference, through brms: seconds (warm-up and sampling, chains on two cores), worst bulk
# ESS over hyperparameters. Arguments: cells.csv, the CSV to write.
suppressMessages({library(brms); library(rstan); library(posterior)})
rstan_options(boost_lib = "/usr/include")
told <- commandArgs(trailingOnly = TRUE)
cells <- read.csv(told[1])
cells$s <- cells$sex - 0.5
prior <- c(prior(normal(-5, 1.5), class = Intercept), prior(normal(0, 0.5), class = b), prior(normal(0, 0.5), class = sd))
formula <- k | trials(n) ~ s + x1 + x2 + x3 + (1 | region) + (1 | subregion) + (1 | country) + (1 | age) + (1 | sex:age)
fit <- brm(formula, cells, binomial(), prior, chains = 4, cores = 2, warmup = 1000, iter = 2000, seed = 7, refresh = 0,
           silent = 2, control = list(adapt_delta = 0.95))
each <- get_elapsed_time(fit$fit)
draws <- summarise_draws(as_draws(fit, variable = "^(b_|sd_)", regex = TRUE), "ess_bulk")
# four chains on two cores: half of their time together is the wall time
write.csv(data.frame(seconds = sum(each) / 2, ess = min(as.numeric(draws$ess_bulk)), worst = as.character(draws$variable[which.min(as.numeric(draws$ess_bulk))]),
                     divergences = sum(nuts_params(fit)$Value[nuts_params(fit)$Parameter == "divergent__"])),
          told[2], row.names = FALSE)
