module larder

go 1.26
